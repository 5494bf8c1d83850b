"""Commands for whoever holds a receipt."""

from __future__ import annotations

import json
from pathlib import Path

import click

from consentgw.cli.files import read_text
from consentgw.consents.receipt import KIND, signed_forms
from consentgw.errors import Malformed
from consentgw.keys.model import verify as verify_jws


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--jwks",
    type=click.Path(path_type=Path),
    default="jwks.json",
    show_default=True,
    help="The gateway's public keys, saved from /.well-known/jwks.json.",
)
def verify(file: Path, jwks: Path) -> None:
    """Verify downloaded receipts offline, from the two files alone: a .jws, or JSON from the API, one or a page."""
    try:
        keys = json.loads(read_text(jwks))
    except (ValueError, RecursionError):
        raise Malformed(f"{jwks} is not a key file") from None
    for signed in signed_forms(read_text(file)):
        claims = verify_jws(signed, keys, KIND)
        click.echo("genuine: the signature matches, nothing was altered")
        click.echo(json.dumps(claims, ensure_ascii=False, indent=2))
