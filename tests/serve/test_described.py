"""The HTTP interface does what its OpenAPI document says, whatever is sent: schemathesis makes the requests."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import hypothesis
import pytest
import schemathesis
import uvicorn
from schemathesis.specs.openapi.checks import positive_data_acceptance, unsupported_method

from lddu.serve.access import Access
from lddu.serve.application import application
from lddu.serve.openapi import document
from lddu.serve.server import configuration, listening
from lddu.serve.settings import USUAL, ServeSettings
from tests.serve.fakes import TOKEN, FakeAnswerer, until

pytest_plugins = ["schemathesis.pytest.plugin"]  # loaded here alone: it takes seconds

JOB = "0123456789abcdef01"
DOCUMENT = document(USUAL, ["default"])
for _path in DOCUMENT["paths"].values():  # half of what is asked of a job meets one that is there
    for _parameter in _path.get("parameters", []):
        if _parameter["name"] == "job":
            _parameter["schema"] = {"enum": [JOB, "nothing"]}
for _path in ("/v1/predict", "/v1/jobs"):
    for _kind in (
        "video/*",
        "audio/*",
        "image/*",
    ):  # schemathesis cannot send these; they are as application/octet-stream
        del DOCUMENT["paths"][_path]["post"]["requestBody"]["content"][_kind]
schema = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server, whose clips are answered by a fake."""
    folder = tmp_path_factory.mktemp("files")
    with listening(ServeSettings(port=0)) as place:
        port = place.getsockname()[1]
        app = application(FakeAnswerer(), folder, Access("127.0.0.1", port, TOKEN))
        server = uvicorn.Server(configuration(app))
        thread = threading.Thread(target=server.run, args=([place],))
        thread.start()
        until(lambda: server.started)
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join()
    assert not folder.exists()


@schema.parametrize()
@hypothesis.settings(max_examples=10, suppress_health_check=list(hypothesis.HealthCheck), derandomize=True)
def test_every_request_is_answered_as_described(case: schemathesis.Case[Any], address: str) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    if "job" in case.path_parameters and case.path_parameters["job"] == JOB:
        found = httpx2.post(f"{address}/v1/jobs", json={"text": "hello"}, headers=headers)
        case.path_parameters["job"] = found.json().get("id", "full")
    excluded = [unsupported_method]
    of_words, of_media = case.media_type in ("application/json", "text/plain"), ("transcribe", "per_person")
    if of_words and "true" in map(case.query.get, of_media):
        excluded.append(positive_data_acceptance)  # refused beside a text, as test_api.py checks; no schema can say so
    case.call_and_validate(base_url=address, headers=headers, excluded_checks=excluded)


def test_without_the_token_nothing_described_is_answered(address: str) -> None:
    for path, entry in document(USUAL)["paths"].items():
        for method in set(entry) - {"parameters"}:
            assert httpx2.request(method, address + path.replace("{", "").replace("}", "")).status_code == 401


def test_the_description_needs_nothing_else(tmp_path: Path) -> None:
    import jsonschema_rs  # comes with schemathesis

    for name, described in DOCUMENT["components"]["schemas"].items():
        whole = {**described, "components": DOCUMENT["components"]}
        assert jsonschema_rs.validator_for(whole), name
