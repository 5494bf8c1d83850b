"""``{% consented "analytics" %}...{% endconsented %}``: shown only while all these purposes are allowed."""

from django import template

register = template.Library()


@register.simple_block_tag(takes_context=True)
def consented(context, content, *purposes):
    """Show what is between, or nothing."""
    return content if context["request"].consent.allows(*purposes) else ""
