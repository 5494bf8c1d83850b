"""consentgw: an embeddable consent gateway that works without a line of JavaScript."""

__version__ = "0.1.0"
