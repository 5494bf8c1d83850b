"""The command line: every command calls a verb of a room, and fails in one plain sentence."""

from __future__ import annotations

import sys
from typing import Any

import click

from consentgw import __version__
from consentgw.cli import (
    access,
    configuration,
    database,
    keys,
    operators,
    policies,
    receipts,
    registers,
    serving,
    sites,
)
from consentgw.errors import ConsentgwError


class _Commands(click.Group):
    """A group whose commands end an error we know in one sentence, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConsentgwError as error:
            raise click.ClickException(str(error)) from error
        except BrokenPipeError:
            sys.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="consentgw")
def main() -> None:
    """Ask for consent without a script, keep the proof, release tags only after a yes."""


for command in (
    serving.serve,
    serving.worker,
    serving.demo,
    database.db,
    database.backup,
    database.restore,
    configuration.apply,
    configuration.export,
    configuration.presets,
    sites.site,
    policies.policy,
    keys.keys,
    operators.operator,
    access.key,
    registers.register,
    receipts.verify,
    serving.doctor,
    serving.bench,
):
    main.add_command(command)
