"""The HTTP interface: one answer at a time, in order, bounded; what is wrong is said in a sentence."""

import asyncio
import errno
import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from lddu.exports.formats import FORMATS
from lddu.serve import api
from lddu.serve.access import Access
from lddu.serve.application import application
from lddu.serve.jobs import Job, Jobs
from lddu.serve.settings import EXPORTS, USUAL, Limits
from lddu.serve.uploads import TRANSCRIPTS
from tests.serve.fakes import ADDRESS, DOCUMENT, MODEL, TOKEN, FakeAnswerer, files_of, server, until


def begin(client: TestClient, text: str = "hello") -> str:
    found = client.post("/v1/jobs", json={"text": text})
    assert found.status_code == 202
    return str(found.json()["id"])


def ended(client: TestClient, job: str) -> dict[str, object]:
    until(lambda: client.get(f"/v1/jobs/{job}").json()["state"] in ("done", "failed"))
    return dict(client.get(f"/v1/jobs/{job}").json())


def test_predict_sends_the_document_and_keeps_nothing(tmp_path: Path) -> None:
    with server(tmp_path / "files") as client:
        found = client.post("/v1/predict", json={"text": "so glad"})
        assert found.status_code == 200 and found.json() == DOCUMENT
        assert client.get("/v1/jobs").json() == {"jobs": []} and files_of(tmp_path) == []


def test_what_is_asked_for_reaches_the_model(tmp_path: Path) -> None:
    answerer = FakeAnswerer()
    with server(tmp_path / "files", answerer) as client:
        query = "?name=a%2Ftalk.MP4&model=default&recall=0.9&coverage=1&transcribe=true&per_person=true"
        assert client.post(f"/v1/predict{query}", content=b"clip").status_code == 200
    (asked,) = answerer.asked
    assert (asked.name, asked.model, asked.recall, asked.coverage) == ("talk.MP4", "default", 0.9, 1.0)
    assert asked.transcribe and asked.per_person
    assert asked.upload is not None and asked.upload.suffix == ".mp4"


@pytest.mark.parametrize("option", ["transcribe", "per_person"])
@pytest.mark.parametrize(
    "sent", [{"json": {"text": "so glad"}}, {"content": b"so glad", "headers": {"Content-Type": "text/plain"}}]
)
def test_what_words_alone_cannot_have_is_refused(tmp_path: Path, option: str, sent: dict[str, Any]) -> None:
    with server(tmp_path / "files") as client:
        found = client.post(f"/v1/predict?{option}=true", **sent)
        assert found.status_code == 400
        assert (
            found.json()["error"] == f"Expected {option} only for what is heard or seen, but got a text; leave it out."
        )
        assert client.post(f"/v1/predict?{option}=false", **sent).status_code == 200


def test_the_page_takes_for_words_what_the_server_does() -> None:
    script = (Path(api.__file__).parent / "static" / "app.js").read_text(encoding="utf-8")
    [endings] = re.findall(r"const WORDS = /\\\.\(([a-z|]+)\)\$/i;", script)
    assert sorted(f".{ending}" for ending in endings.split("|")) == sorted(TRANSCRIPTS)


@pytest.mark.parametrize(
    "query",
    ["recall=0", "recall=1", "recall=nan", "recall=1_0", "recall=", "coverage=0", "coverage=1.01", "coverage=inf", "model=other",
     "transcribe=yes", "per_person=1", "other=1", "recall=0.9&recall=0.8"],
)  # fmt: skip
def test_wrong_options_are_refused_before_a_clip_is_received(tmp_path: Path, query: str) -> None:
    answerer = FakeAnswerer()
    with server(tmp_path / "files", answerer) as client:
        found = client.post(f"/v1/predict?{query}", content=b"clip")
        assert found.status_code == 400 and found.json()["error"].startswith("Expected ")
    assert not answerer.asked


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", '"text"', '{"text": 1}', '{"text": ""}', '{"text": " "}', '{"text": "a", "b": 1}', "[" * 100_000,
     '{"text": "glad", "text": "sad"}'],
)  # fmt: skip
def test_a_text_that_is_none_is_refused(tmp_path: Path, body: str) -> None:
    with server(tmp_path / "files") as client:
        found = client.post("/v1/predict", content=body, headers={"Content-Type": "application/json"})
        assert found.status_code == 400 and found.json()["error"].startswith("Expected ")


@pytest.mark.parametrize("body", ['{"text": "glad"}', ' \n{"text": 1}', "\ufeff{}", "text=glad"])
@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/x-www-form-urlencoded"}])
def test_a_text_that_comes_as_a_file_is_told_how_to_come(tmp_path: Path, body: str, headers: dict[str, str]) -> None:
    with server(tmp_path / "files") as client:
        found = client.post("/v1/predict", content=body.encode(), headers=headers)
        assert found.status_code == 415 and "Content-Type: application/json" in found.json()["error"]
        assert client.post("/v1/predict", content=b"\x00{", headers=headers).status_code == 200
        assert client.post("/v1/predict?name=a.mp4", content=body.encode(), headers=headers).status_code == 200


def test_a_packed_body_is_refused(tmp_path: Path) -> None:
    answerer = FakeAnswerer()
    with server(tmp_path / "files", answerer) as client:
        found = client.post("/v1/predict?name=a.mp4", content=b"clip", headers={"Content-Encoding": "gzip"})
        assert found.status_code == 415 and "Content-Encoding: gzip" in found.json()["error"]
        given = {"Content-Encoding": "identity"}
        assert client.post("/v1/predict?name=a.mp4", content=b"clip", headers=given).status_code == 200


def test_a_full_disk_is_the_servers_fault_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with server(tmp_path / "files") as client:
        with monkeypatch.context() as patch:
            patch.setattr(api, "receive_file", full)
            found = client.post("/v1/predict?name=a.mp4", content=b"clip")
        assert found.status_code == 507 and "No space left on device; make room" in found.json()["error"]
        assert files_of(tmp_path) == [] and client.get("/v1/health").json()["waiting"] == 0
        assert client.post("/v1/predict?name=a.mp4", content=b"clip").status_code == 200


def test_after_its_folder_was_cleared_away_the_server_answers(tmp_path: Path) -> None:
    with server(tmp_path / "files") as client:
        (tmp_path / "files").rmdir()
        assert client.post("/v1/predict?name=a.mp4", content=b"clip").status_code == 200
        assert (tmp_path / "files").stat().st_mode & 0o777 == 0o700


def test_what_nobody_foresaw_is_refused_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = application(FakeAnswerer(), tmp_path / "files", Access("127.0.0.1", 8765, TOKEN))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with TestClient(app, ADDRESS, headers=headers, raise_server_exceptions=False) as client:
        monkeypatch.setattr(api, "document", lambda *_: 1 / 0)
        found = client.get("/openapi.json")
    assert found.status_code == 500 and "a fault of its own, ZeroDivisionError" in found.json()["error"]


def test_a_text_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with server(tmp_path / "files", limits=Limits(text_characters=10)) as client:
        assert client.post("/v1/predict", json={"text": "a" * 11}).status_code == 400
        assert client.post("/v1/predict", json={"text": "a" * 5000}).status_code == 413
        assert client.post("/v1/predict", json={"text": "a" * 10}).status_code == 200


def test_a_clip_that_cannot_be_answered_says_why(tmp_path: Path) -> None:
    with server(tmp_path / "files") as client:
        found = client.post("/v1/predict?name=talk.mp4", content=b"broken")
        assert found.status_code == 422 and found.json() == {
            "error": "Expected talk.mp4 to be whole, but it is not; send another."
        }
        failed = ended(client, client.post("/v1/jobs?name=talk.mp4", content=b"broken").json()["id"])
        assert failed["state"] == "failed" and failed["exports"] == [] and "talk.mp4" in str(failed["fault"])


def test_one_is_answered_at_a_time_in_order_and_beyond_the_queue_learns_when_to_come_back(tmp_path: Path) -> None:
    answerer = FakeAnswerer()
    answerer.going.clear()
    with server(tmp_path / "files", answerer, Limits(waiting=4)) as client:
        jobs = [begin(client, f"text {n}") for n in range(4)]
        assert answerer.began.wait(10)
        assert [client.get(f"/v1/jobs/{job}").json()["before"] for job in jobs] == [0, 1, 2, 3]
        full = client.post("/v1/predict", json={"text": "one more"})
        assert full.status_code == 503 and int(full.headers["retry-after"]) > 0
        answerer.going.set()
        for job in jobs:
            assert ended(client, job)["state"] == "done"
        assert client.post("/v1/predict", json={"text": "one more"}).status_code == 200
    assert [asked.text for asked in answerer.asked] == [*(f"text {n}" for n in range(4)), "one more"]
    assert answerer.most_at_once == 1


def test_twenty_at_once_are_all_answered_one_by_one(tmp_path: Path) -> None:
    answerer = FakeAnswerer()
    with server(tmp_path / "files", answerer) as client, ThreadPoolExecutor(20) as pool:
        sent = [pool.submit(client.post, "/v1/predict?name=a.mp4", content=bytes([n]) * 999) for n in range(20)]
        assert [one.result().status_code for one in sent] == [200] * 20
        assert files_of(tmp_path) == []
    assert answerer.most_at_once == 1 and len(set(answerer.received)) == 20


def test_files_that_wait_may_fill_only_so_much(tmp_path: Path) -> None:
    answerer = FakeAnswerer()
    answerer.going.clear()
    with server(tmp_path / "files", answerer, Limits(stored_bytes=1500)) as client:
        for status in (202, 202, 503):
            assert client.post("/v1/jobs?name=a.mp4", content=b"x" * 1000).status_code == status
        answerer.going.set()


def test_a_job_has_a_page_that_is_shut_off_and_exports_under_the_clips_name(tmp_path: Path) -> None:
    with server(tmp_path / "files") as client:
        job = client.post("/v1/jobs?name=T%C3%B6ne%20%22%0A.mp4", content=b"clip").json()["id"]
        done = ended(client, job)
        assert done["exports"] == ["json", "html", "srt"] and done["model"] == MODEL.name
        assert (done["stage"], done["share"]) == ("", 1.0)
        page = client.get(f"/v1/jobs/{job}/page")
        policy = page.headers["content-security-policy"]
        assert page.text == "<p>the page</p>" and "script-src 'nonce-abc'" in policy
        assert "sandbox allow-scripts" in policy and "same-origin" not in policy and "script-src 'unsafe" not in policy
        saved = client.get(f"/v1/jobs/{job}/exports/srt")
        assert saved.text == "1\n"
        assert saved.headers["content-disposition"] == "attachment; filename*=UTF-8''T%C3%B6ne%20%22.emotions.srt"
        assert client.get(f"/v1/jobs/{job}/exports/json").json() == DOCUMENT
        for ending in ("vtt", "%2e%2e%2fpage.html", "srt%2f..", "html.nonce"):
            assert client.get(f"/v1/jobs/{job}/exports/{ending}").status_code == 404


def test_a_job_that_is_deleted_is_gone_whatever_it_does(tmp_path: Path) -> None:
    answerer = FakeAnswerer()
    answerer.going.clear()
    with server(tmp_path / "files", answerer) as client:
        working, waiting = begin(client), begin(client)
        assert answerer.began.wait(10)
        for job in (waiting, working):
            assert client.delete(f"/v1/jobs/{job}").status_code == 204
        answerer.going.set()
        until(lambda: not any((tmp_path / "files").iterdir()))
        done = begin(client)
        ended(client, done)
        assert client.delete(f"/v1/jobs/{done}").status_code == 204
        assert (
            client.get(f"/v1/jobs/{done}").status_code == 404 and client.delete(f"/v1/jobs/{done}").status_code == 404
        )
        assert files_of(tmp_path) == []
    assert len(answerer.asked) == 2


def test_a_job_that_is_deleted_at_work_is_given_up_and_the_next_is_answered(tmp_path: Path) -> None:
    answerer = FakeAnswerer()
    answerer.going.clear()
    with server(tmp_path / "files", answerer, Limits(abandoned_seconds=0.05)) as client:
        working, waiting = begin(client, "a long one"), begin(client)
        assert answerer.began.wait(10)
        assert client.delete(f"/v1/jobs/{working}").status_code == 204
        assert ended(client, waiting)["state"] == "done" and client.get(f"/v1/jobs/{working}").status_code == 404


def test_an_upload_that_is_withdrawn_while_it_arrives_is_never_answered(tmp_path: Path) -> None:
    answerer = FakeAnswerer()

    async def withdrawn() -> Job:
        jobs = Jobs(answerer, tmp_path, USUAL)
        running = asyncio.create_task(jobs.run())
        arriving, other = jobs.new("arriving", True), jobs.new("other", True)
        jobs.remove(arriving)
        for job in (arriving, other):
            jobs.submit(job, replace(job.request, text=job.request.name))
        await other.finished.wait()
        running.cancel()
        return arriving

    assert "withdrawn" in asyncio.run(withdrawn()).fault
    assert [asked.text for asked in answerer.asked] == ["other"]


def test_the_last_answers_stay_and_older_ones_go(tmp_path: Path) -> None:
    with server(tmp_path / "files", limits=Limits(answers=3)) as client:
        jobs = []
        for n in range(6):
            jobs.append(begin(client, f"text {n}"))
            ended(client, jobs[-1])
        shown = [job["id"] for job in client.get("/v1/jobs").json()["jobs"]]
        assert shown[:3] == jobs[:2:-1] and len(shown) <= 4
        assert len(list((tmp_path / "files").iterdir())) == len(shown)


def test_health_names_the_runs(tmp_path: Path) -> None:
    with server(tmp_path / "files") as client:
        found = client.get("/v1/health").json()
    assert found["state"] == "ready" and found["waiting"] == 0 and found["keeps"] is False
    assert found["models"][0]["name"] == MODEL.name and found["models"][0]["emotions"] == list(MODEL.emotions)


def test_addresses_that_are_none_and_other_methods_are_refused_as_json(tmp_path: Path) -> None:
    with server(tmp_path / "files") as client:
        assert client.get("/v2").status_code == 404 and client.get("/static/../settings.py").status_code == 404
        assert "POST here, but got GET" in client.get("/v1/predict").json()["error"]
        assert client.get("/v1/predict").status_code == 405
        assert "got '/app/v1/health'" in client.get("/app/v1/health").json()["error"]


def test_the_endings_are_those_of_the_formats() -> None:
    assert [f".{ending}" for ending in EXPORTS] == [known.ending for known in FORMATS if known.ending != ".wide.csv"]


def test_the_page_names_nothing_elsewhere_and_holds_no_script_of_its_own(tmp_path: Path) -> None:
    import re

    from lddu.pages.notices import RECORDING_NOTICE

    with server(tmp_path / "files") as client:
        page = client.get("/").text
        assert " ".join(RECORDING_NOTICE.split()) in page and "style=" not in page and "<style" not in page
        assert not re.search(r"<script(?![^>]*src=)|\son\w+=|https?://", page)
        for name in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
            assert client.get(name).status_code == 200
            assert "http://" not in client.get(name).text.replace("http://www.w3.org/2000/svg", "")


def test_openapi_describes_every_route(tmp_path: Path) -> None:
    from starlette.routing import Route

    with server(tmp_path / "files") as client:
        described = client.get("/openapi.json").json()["paths"]
        assert json.dumps(described)
        routes = [route for route in client.app.routes if isinstance(route, Route)]  # type: ignore[attr-defined]
    there = {(route.path, method) for route in routes for method in (route.methods or ()) if method != "HEAD"}
    listed = {(path, method.upper()) for path, entry in described.items() for method in entry if method != "parameters"}
    assert there - listed == {("/", "GET"), ("/static/{name}", "GET")} and listed <= there
