"""``{% consented "analytics" %}...{% endconsented %}``: shown only while all these purposes are allowed."""

from django import template

from consentgw.client import NOTHING

register = template.Library()


@register.simple_block_tag(takes_context=True)
def consented(context, content, *purposes):
    """Show what is between, or nothing; an error page and what is made outside a request allow nothing."""
    return content if getattr(context.get("request"), "consent", NOTHING).allows(*purposes) else ""
