"""Nothing is answered without the token, under a foreign name, or for a page of another site."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from lddu.serve.access import Access
from tests.serve.fakes import ADDRESS, TOKEN, FakeAnswerer, server

PATHS = ["/", "/static/app.js", "/v1/health", "/v1/jobs", "/v1/jobs/x/page", "/openapi.json", "/nowhere"]


@pytest.fixture
def client(tmp_path: Path):  # type: ignore[no-untyped-def]
    with server(tmp_path / "files") as found:
        yield found


def bare(client: TestClient) -> TestClient:
    """The same server without the token."""
    return TestClient(client.app, ADDRESS, follow_redirects=False)


@pytest.mark.parametrize("path", PATHS)
def test_no_address_answers_without_the_token(client: TestClient, path: str) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Cookie": f"lddu-1={TOKEN}"},
    ):
        assert bare(client).get(path, headers=headers).status_code == 401
    assert bare(client).get(path, params={"token": TOKEN[:-1]}).status_code == 401


def test_a_clip_without_the_token_is_not_stored(tmp_path: Path) -> None:
    answerer = FakeAnswerer()
    with server(tmp_path / "files", answerer) as client:
        assert bare(client).post("/v1/predict", content=b"clip").status_code == 401
        assert not answerer.asked and not list((tmp_path / "files").iterdir())


def test_the_printed_address_opens_the_page_and_gives_a_cookie_that_scripts_cannot_read(client: TestClient) -> None:
    browser = bare(client)
    opened = browser.get(f"/?token={TOKEN}")
    assert opened.status_code == 200 and "<main>" in opened.text
    cookie = opened.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    assert browser.get("/v1/health").status_code == 200


def test_an_invitation_opens_the_page_once() -> None:
    from starlette.datastructures import QueryParams

    access = Access("127.0.0.1", 1)
    query = QueryParams(access.invitation().partition("?")[2])
    assert access.token not in str(query)
    assert access.invites(query) and not access.invites(query)
    assert not access.invites(QueryParams("once=")) and not access.invites(QueryParams(""))


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8765", "localhost.evil.example", "", "192.168.0.7:8765", "[::1"]
)
def test_a_name_that_is_not_this_machine_is_refused(client: TestClient, host: str) -> None:
    found = client.get("/v1/health", headers={"Host": host})
    assert found.status_code == 421 and "send 'Host: 127.0.0.1:8765'" in found.json()["error"]


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "[::1]:8765", "LOCALHOST", "127.0.0.1:9000"])
def test_every_name_of_this_machine_is_known(client: TestClient, host: str) -> None:
    assert client.get("/v1/health", headers={"Host": host}).status_code == 200


@given(st.text(st.characters(codec="ascii", exclude_characters="/?#\\@"), max_size=30))
def test_only_addresses_and_own_names_are_known(name: str) -> None:
    access = Access("0.0.0.0", 8765)
    if access.knows_host(f"{name}x.example"):
        raise AssertionError(f"{name} can be another machine's")
    assert access.knows_host("192.168.0.7:8765") and access.knows_host("localhost")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:9999"}, {"Origin": "http://localhost:8765"},
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)  # fmt: skip
def test_what_another_site_sends_is_refused_even_with_the_token(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/v1/predict", json={"text": "hello"}, headers=headers).status_code == 403
    assert client.get("/v1/jobs", headers=headers).status_code == 403


def test_a_link_elsewhere_may_open_the_page_and_nothing_else(client: TestClient) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get("/", headers=link).status_code == 200
    assert client.get("/", headers={**link, "Sec-Fetch-Mode": "no-cors"}).status_code == 403


def test_our_own_page_may_ask(client: TestClient) -> None:
    own = {"Origin": ADDRESS, "Sec-Fetch-Site": "same-origin"}
    assert client.post("/v1/predict", json={"text": "hello"}, headers=own).status_code == 200


@pytest.mark.parametrize("path", [*PATHS, "/?token=no"])
@pytest.mark.parametrize("origin", [None, "http://evil.example"])
def test_every_response_is_closed_to_other_origins(client: TestClient, path: str, origin: str | None) -> None:
    for found in (client.get(path, headers={"Origin": origin} if origin else {}), bare(client).options(path)):
        assert not [name for name in found.headers if name.startswith("access-control-")]
        assert "'unsafe" not in found.headers["content-security-policy"]
        assert found.headers["content-security-policy"].startswith(
            "default-src 'none'; script-src 'self'; style-src 'self'"
        )
        assert found.headers["x-content-type-options"] == "nosniff" and found.headers["cache-control"] == "no-store"
        assert found.headers["referrer-policy"] == "no-referrer"


def test_the_token_is_long_and_stays_out_of_the_repr() -> None:
    first, second = Access("127.0.0.1", 1), Access("127.0.0.1", 1)
    assert first.token != second.token and len(first.token) >= 43
    assert first.token not in repr(first) and first.token in first.address
