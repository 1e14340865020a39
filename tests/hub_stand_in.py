"""A Hugging Face Hub on this machine: the few routes that huggingface_hub calls to make, list, fill and read a model repository.

It keeps every commit, takes large files by Git LFS as the Hub does, and can be told to lie.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

LFS_FROM = 20_000
"""Bytes from which a file goes by LFS."""


@dataclass
class Repository:
    """A model repository: commits in order, each name -> content."""

    private: bool
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    def commit(self, files: dict[str, bytes], message: str = "") -> str:
        oid = hashlib.sha1(repr((len(self.commits), sorted(files))).encode()).hexdigest()
        self.commits[oid] = files
        self.messages.append(message)
        return oid

    @property
    def newest(self) -> str:
        return next(reversed(self.commits))

    def resolved(self, revision: str) -> str | None:
        if revision == "main":
            return self.newest
        return revision if revision in self.commits else self.tags.get(revision)


@dataclass
class Hub:
    """What it holds, what it was asked for, and in which file the network is lost: half of it arrives, and nothing after it."""

    address: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    broken: bool = False
    lost_in: str = ""


class Routes(BaseHTTPRequestHandler):
    """The routes; `hub` is set by `stand_in`."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *values: Any) -> None:
        """Nothing is printed."""

    def _answer(self, content: bytes | dict[str, Any] | list[Any], status: int = 200, **headers: str) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command == "GET" and self.hub.lost_in and self.path.endswith(self.hub.lost_in):
            self.hub.lost_in, self.close_connection = "everywhere", True
            body = body[: len(body) // 2]
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(self, code: str, status: int = 404) -> None:
        self._answer({"error": code}, status, X_Error_Code=code)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _route(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{self.command} {path}")
        if self.hub.lost_in == "everywhere":
            self.close_connection = True
            return
        if self.hub.broken:
            self._body()
            self._answer(b"", 503)
            return
        for pattern, does in ROUTES.items():
            if match := re.fullmatch(pattern, f"{self.command} {path}"):
                does(self, *match.groups())
                return
        self._body()
        self._refuse("EntryNotFound")

    do_GET = do_HEAD = do_POST = do_PUT = _route  # noqa: N815

    def create(self) -> None:
        wanted = json.loads(self._body())
        name = f"{wanted['organization']}/{wanted['name']}"
        if name in self.hub.repositories:
            self._answer({"error": "You already created this model repo", "url": f"{self.hub.address}/{name}"}, 409)
            return
        private = wanted.get("private") or wanted.get("visibility") == "private"
        self.hub.repositories[name] = Repository(bool(private))
        self.hub.repositories[name].commit({".gitattributes": b"*.safetensors filter=lfs\n"})
        self._answer({"url": f"{self.hub.address}/{name}", "name": name, "id": name})

    def yaml(self) -> None:
        self._body()
        self._answer({"errors": [], "warnings": []})

    def info(self, name: str, _: str | None = None) -> None:
        if (repository := self.hub.repositories.get(name)) is None:
            self._refuse("RepoNotFound")
            return
        files = repository.commits[repository.newest]
        siblings = [{"rfilename": file} for file in files]
        self._answer({"id": name, "sha": repository.newest, "private": repository.private, "siblings": siblings})

    def tree(self, name: str) -> None:
        repository = self.hub.repositories[name]
        files = repository.commits[repository.newest]
        self._answer([{"type": "file", "path": p, "size": len(c), "oid": "0" * 40} for p, c in files.items()])

    def preupload(self, _: str) -> None:
        files = json.loads(self._body())["files"]
        modes = [("lfs" if file["size"] >= LFS_FROM else "regular", file["path"]) for file in files]
        self._answer({"files": [{"path": path, "uploadMode": mode, "shouldIgnore": False} for mode, path in modes]})

    def batch(self, _: str) -> None:
        objects = json.loads(self._body())["objects"]
        actions = {"upload": {"href": ""}}
        found = [
            {**entry, "actions": {"upload": {**actions["upload"], "href": f"{self.hub.address}/lfs/{entry['oid']}"}}}
            for entry in objects
        ]
        self._answer({"transfer": "basic", "objects": found})

    def put(self, digest: str) -> None:
        content = self._body()
        assert hashlib.sha256(content).hexdigest() == digest
        self.hub.stored[digest] = content
        self._answer(b"")

    def commit(self, name: str) -> None:
        lines = [json.loads(line) for line in self._body().splitlines()]
        repository = self.hub.repositories[name]
        files, message = dict(repository.commits[repository.newest]), ""
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                message = value["summary"]
            elif line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.stored[value["oid"]]
            else:
                assert line["key"] == "deletedFile"
                del files[value["path"]]
        oid = repository.commit(files, message)
        self._answer({"commitUrl": f"{self.hub.address}/{name}/commit/{oid}", "commitOid": oid})

    def resolve(self, name: str, revision: str, file: str) -> None:
        if (repository := self.hub.repositories.get(name)) is None:
            self._refuse("RepoNotFound", 401)
            return
        if (commit := repository.resolved(revision)) is None:
            self._refuse("RevisionNotFound")
            return
        if (content := repository.commits[commit].get(file)) is None:
            self._answer(b"", 404, X_Error_Code="EntryNotFound", X_Repo_Commit=commit)
            return
        self._answer(content, X_Repo_Commit=commit, ETag=f'"{hashlib.sha256(content).hexdigest()}"')


_REPOSITORY = r"([\w.-]+/[\w.-]+)"
ROUTES: dict[str, Callable[..., None]] = {
    r"POST /api/repos/create": Routes.create,
    r"POST /api/validate-yaml": Routes.yaml,
    rf"GET /api/models/{_REPOSITORY}(?:/revision/(.+))?": Routes.info,
    rf"GET /api/models/{_REPOSITORY}/tree/main": Routes.tree,
    rf"POST /api/models/{_REPOSITORY}/preupload/main": Routes.preupload,
    rf"POST /api/models/{_REPOSITORY}/commit/main": Routes.commit,
    rf"POST /{_REPOSITORY}\.git/info/lfs/objects/batch": Routes.batch,
    r"PUT /lfs/([0-9a-f]{64})": Routes.put,
    rf"(?:GET|HEAD) /{_REPOSITORY}/resolve/([^/]+)/(.+)": Routes.resolve,
}


@contextmanager
def stand_in() -> Iterator[Hub]:
    """A Hub that runs until the block ends."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Routes,), {"hub": hub}))
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
