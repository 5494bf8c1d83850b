"""Somebody at the desk, with a browser that keeps cookies and sends forms, and says where it sends them from."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import httpx

from consentgw.keys.model import derive
from consentgw.operators.invitations import Invitations
from consentgw.operators.model import Operator, Role
from tests.house.documents import Reader
from tests.operators.desk import PASSWORD, code, dana


class Page:
    """What came back, and the forms in it."""

    def __init__(self, url: str, answer: httpx.Response) -> None:
        self.url = url
        self.status = answer.status_code
        self.headers = answer.headers
        self.text = answer.text

    def says(self, words: str) -> bool:
        """Return whether a person reads these words."""
        return words in " ".join(re.sub(r"<[^>]+>", " ", self.text).split())

    def form(self, action: str) -> dict[str, str]:
        """Return the fields of the form that leads to an address, as they are before anybody types."""
        found = [form for form in Reader(self.text).all("form") if form["action"] == action]
        assert found, f"no form to {action} at {self.url}"
        fields: dict[str, str] = {}

        def walk(element):
            if element.tag == "input":
                fields[element["name"]] = element.get("value") or ""
            elif element.tag == "textarea":
                fields[element["name"]] = element.text
            for child in element.children:
                walk(child)

        walk(found[0])
        return fields

    def offers(self, action: str) -> bool:
        """Return whether there is a form to an address."""
        return f'action="{action}"' in self.text


class Colleague:
    """Dana or one of hers."""

    def __init__(self, app, language: str = "en") -> None:
        self.app = app
        self.origin = app.settings.public_url
        self.language = language
        self.cookies: dict[str, str] = {}
        self.secret = ""
        self.recovery_codes: list[str] = []

    async def open(self, address: str, **headers: str) -> Page:
        """Go to an address, and on to where it leads."""
        return await self._go("GET", address, None, headers)

    async def send(self, action: str, fields: dict[str, str], **headers: str) -> Page:
        """Send a form from a page of ours, and go on to where it leads."""
        said = {"origin": self.origin, "sec-fetch-site": "same-origin", **headers}
        return await self._go("POST", action, fields, said)

    def invitation(self, operator: Operator) -> str:
        """Return the address of an invitation, as the command line prints it."""
        invitation = Invitations(derive(self.app.settings.secrets(), "invitations")).issue(operator)
        return f"/desk/join/{invitation}"

    async def join(self, operator: Operator | None = None, **typed: str) -> Page:
        """Take up an invitation."""
        self.operator = operator or dana()
        address = self.invitation(self.operator)
        page = await self.open(address)
        self.secret = re.search(r'class="secret">([A-Z2-7 ]+)<', page.text)[1].replace(" ", "")
        known = {"password": PASSWORD, "again": PASSWORD, "code": code(self.secret)}
        page = await self.send(address, {**page.form(address), **known, **typed})
        self.recovery_codes = re.findall(r"<code>([A-Z2-7-]{19})</code>", page.text)
        return page

    async def sign_in(self, login: str = "dana", password: str = PASSWORD, code: str = "", next_: str = "") -> Page:
        """Sign in with what one has."""
        page = await self.open(f"/desk/sign-in{'?next=' + next_ if next_ else ''}")
        fields = {**page.form("/desk/sign-in"), "login": login, "password": password, "code": code}
        return await self.send("/desk/sign-in", fields)

    async def press(self, page: Page, act: str, **typed: str) -> Page:
        """Press a button of a request."""
        action = f"{'/'.join(page.url.partition('?')[0].split('/')[:5])}/{act}"
        return await self.send(action, {**page.form(action), **typed})

    async def _go(self, method: str, address: str, fields: dict[str, str] | None, headers: dict[str, str]) -> Page:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url=self.origin) as browser:
            cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            said = {"accept-language": self.language, **headers, **({"cookie": cookie} if cookie else {})}
            answer = await browser.request(method, address, data=fields, headers=said)
        for line in answer.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            value, _, attributes = rest.partition(";")
            assert name.startswith("__Host-"), line
            assert "HttpOnly" in attributes, line
            assert "Secure" in attributes, line
            if "Max-Age=0" in attributes:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        if answer.status_code == 303 and answer.headers["location"].startswith("/"):
            return await self._go("GET", urljoin(address, answer.headers["location"]), None, {})
        return Page(address, answer)


async def joined(app, role: Role = Role.OFFICER, site: str | None = None, login: str = "dana") -> Colleague:
    """Let somebody take up an invitation; return who is at the desk now."""
    colleague = Colleague(app)
    await colleague.join(dana(role, site, login))
    return colleague
