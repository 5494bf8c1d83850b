"""Calls to copy: an operation as a ``curl`` command and as a Python program, with the document's own examples."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode

from consentgw.http.reference.highlight import highlight
from consentgw.http.reference.model import Sample

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "CONSENTGW_KEY"
"""The variable that samples read the key from."""


def body(value: Any) -> str:
    """Return a body as it is shown: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def calls(
    method: str,
    address: str,
    *,
    query: Mapping[str, Any],
    headers: Mapping[str, str],
    content: tuple[str, Any] | None,
    key: bool,
) -> tuple[Sample, ...]:
    """Return a call in each language; ``content`` is a media type and a body."""
    return (
        Sample("curl", highlight(_curl(method, address, query, headers, content, key=key))),
        Sample("Python", highlight(_python(method, address, query, headers, content, key=key))),
    )


def fill(path: str, values: Mapping[str, Any]) -> str:
    """Return a path with its parameters filled in; one that has no value stays as it is."""
    return re.sub(r"{(\w+)}", lambda place: quote(str(values.get(place[1], place[0])), safe="{}:"), path)


def _curl(
    method: str, address: str, query: Mapping[str, Any], headers: Mapping[str, str], content: Any, *, key: bool
) -> str:
    target = f"{address}?{urlencode(query)}" if query else address
    lines = [f"{'curl' if method == 'GET' else f'curl -X {method}'} {shlex.quote(target)}"]
    if key:
        lines.append(f'-H "Authorization: Bearer ${KEY}"')
    lines += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers.items()]
    if content:
        lines += [f"-H 'Content-Type: {content[0]}'", f"-d {shlex.quote(body(content[1]))}"]
    return " \\\n  ".join(lines)


def _python(
    method: str, address: str, query: Mapping[str, Any], headers: Mapping[str, str], content: Any, *, key: bool
) -> str:
    given: list[str] = []
    if query:
        given.append(f"params={_literal(dict(query))},")
    sent = {name: repr(value) for name, value in headers.items()}
    if key:
        sent = {"Authorization": f"f\"Bearer {{os.environ['{KEY}']}}\"", **sent}
    if content and isinstance(content[1], str):
        sent["Content-Type"] = repr(content[0])
    if sent:
        given.append("headers={\n" + "".join(f'    "{name}": {value},\n' for name, value in sent.items()) + "},")
    if content:
        given.append(f"{'content' if isinstance(content[1], str) else 'json'}={_literal(content[1])},")
    lines = [f'"{address}",', *given]
    inner = "\n".join(f"    {line}" for one in lines for line in one.splitlines())
    imports = "import os\n\nimport httpx\n\n" if key else "import httpx\n\n"
    return f"{imports}answer = httpx.{method.lower()}(\n{inner}\n)\nanswer.raise_for_status()\nprint(answer.text)"


def _literal(value: Any) -> str:
    """Return a value as Python writes it, in the shape of indented JSON."""
    if isinstance(value, dict) and value:
        members = cast("dict[str, Any]", value).items()
        return "{\n" + "".join(f"    {_text(name)}: {_indented(one)},\n" for name, one in members) + "}"
    if isinstance(value, list) and value:
        return "[\n" + "".join(f"    {_indented(one)},\n" for one in cast("list[Any]", value)) + "]"
    return _text(value) if isinstance(value, str) else repr(cast("Any", value))


def _indented(value: Any) -> str:
    return _literal(value).replace("\n", "\n    ")


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
