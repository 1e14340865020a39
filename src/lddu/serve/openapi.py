"""The OpenAPI document of the HTTP interface."""

from collections.abc import Sequence
from typing import Any

import lddu
from lddu.serve.settings import EXPORTS, Limits

JSON = dict[str, Any]

_SHARE: JSON = {"type": "number", "exclusiveMinimum": 0}


def document(limits: Limits, models: Sequence[str] = ()) -> JSON:
    """The description, OpenAPI 3.1.

    Args:
        limits: that it names.
        models: names of the runs, where they are loaded.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "lddu serve", "version": lddu.__version__,
            "description": "Which emotions a clip shows, several at once, with calibrated uncertainty. Answers are estimates of what raters "
            "would say, not of what a person feels.",
        },
        "security": [{"token": []}, {"cookie": []}],
        "paths": {
            "/v1/health": {"get": _operation("health", "Whether it can answer, and which runs can be asked.", {"200": _of("Health")}, ())},
            "/v1/predict": {"post": _asking("predict", "Wait for the answer of one clip.", {"200": _of("Answer")}, limits, models)},
            "/v1/jobs": {
                "get": _operation("listJobs", "Those that the page holds.", {"200": _of("Jobs")}, ()),
                "post": _asking("createJob", "Begin, and follow it at its own address.", {"202": _of("Job")}, limits, models),
            },
            "/v1/jobs/{job}": {
                "parameters": [_path("job", {"type": "string"})],
                "get": _operation("showJob", "How far it is.", {"200": _of("Job")}, ("404",)),
                "delete": _operation("deleteJob", "Forget it and its files.", {"204": {"description": "It is gone."}}, ("404",)),
            },
            "/v1/jobs/{job}/page": {
                "parameters": [_path("job", {"type": "string"})],
                "get": _operation("jobPage", "The clip page.", {"200": _content("text/html")}, ("404",)),
            },
            "/v1/jobs/{job}/exports/{ending}": {
                "parameters": [_path("job", {"type": "string"}), _path("ending", {"enum": ["json", "html", *EXPORTS]})],
                "get": _operation("jobExport", "One format.", {"200": _content("*/*")}, ("404",)),
            },
            "/openapi.json": {"get": _operation("openapi", "This document.", {"200": _content("application/json")}, ())},
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "lddu-PORT"},
            },
        },
    }  # fmt: skip


_FAULTS = {
    "400": "The options or the body are wrong.", "401": "The token is missing.", "403": "A page of another site asks.",
    "404": "There is no such job.", "408": "The file came too slowly.", "413": "The file is too large.",
    "415": "The body is a form, or compressed; send the file itself.", "421": "The Host is another machine's.", "422": "The clip cannot be answered.",
    "503": "Too many requests wait, and Retry-After says when to try again; or the server is stopped.",
    "507": "The server's disk is full.",
}  # fmt: skip


def _operation(name: str, summary: str, answers: JSON, faults: tuple[str, ...]) -> JSON:
    known = {
        status: {"description": _FAULTS[status], "content": {"application/json": {"schema": _reference("Error")}}}
        for status in ("401", "403", "421", *faults)
    }
    return {"operationId": name, "summary": summary, "responses": {**answers, **known}}


def _asking(name: str, summary: str, answers: JSON, limits: Limits, models: Sequence[str]) -> JSON:
    """An operation that takes a clip."""
    operation = _operation(name, summary, answers, ("400", "408", "413", "415", "422", "503", "507"))
    text = {"type": "string", "pattern": r"\S", "maxLength": limits.text_characters}
    schema = {"type": "object", "properties": {"text": text}, "required": ["text"], "additionalProperties": False}
    file = {"schema": {"type": "string", "format": "binary", "minLength": 1, "maxLength": limits.upload_bytes}}
    return {
        **operation,
        "parameters": [
            _query("name", {"type": "string"}, "What the clip is called, with its suffix; .txt and that of a transcript, such as .srt, are words alone."),
            _query("model", {"enum": list(models)} if models else {"type": "string"}, "A run of /v1/health; without, the first."),
            _query("recall", {**_SHARE, "exclusiveMaximum": 1}, "Also a set of emotions that holds this share of all, on average."),
            _query("coverage", {**_SHARE, "maximum": 1}, "Answer this share of the pairs, most certain first."),
            _query("transcribe", {"type": "boolean"}, "Recognise the words (English)."),
            _query("per_person", {"type": "boolean"}, "Answer each person in the clip for themselves."),
        ],
        "requestBody": {
            "required": True,
            "description": f"The file itself, at most {limits.upload_bytes} bytes, or a text as JSON or plain.",
            "content": {
                "application/json": {"schema": schema}, "text/plain": {"schema": {"type": "string", "pattern": r"\S"}},
                "application/octet-stream": file, "video/*": file, "audio/*": file, "image/*": file,
            },
        },
    }  # fmt: skip


def _query(name: str, schema: JSON, description: str) -> JSON:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _path(name: str, schema: JSON) -> JSON:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _reference(name: str) -> JSON:
    return {"$ref": f"#/components/schemas/{name}"}


def _of(name: str) -> JSON:
    return {"description": name, "content": {"application/json": {"schema": _reference(name)}}}


def _content(kind: str) -> JSON:
    return {"description": "The file.", "content": {kind: {}}}


def _schemas() -> JSON:
    words: JSON = {"type": "string"}
    names: JSON = {"type": "array", "items": words}
    per_emotion: JSON = {"type": "object", "additionalProperties": {"type": ["number", "null"]}}
    return {
        "Error": _object({"error": words}),
        "Health": _object({
            "state": {"enum": ["starting", "ready", "failed"]}, "version": words, "waiting": {"type": "integer", "minimum": 0},
            "keeps": {"type": "boolean"},
            "models": {"type": "array", "items": _object({
                "name": words, "sentence": words, "emotions": names, "modalities": names, "transcribes": {"type": "boolean"},
            })},
        }),
        "Job": _object({
            "id": words, "name": words, "text": words, "model": words, "created": {"type": "number"},
            "state": {"enum": ["receiving", "waiting", "working", "done", "failed"]}, "before": {"type": "integer", "minimum": 0},
            "stage": words, "share": {"type": "number", "minimum": 0, "maximum": 1}, "fault": words, "exports": names,
        }),
        "Jobs": _object({"jobs": {"type": "array", "items": _reference("Job")}}),
        "Answer": {
            "description": "As the JSON of `lddu predict`; docs/run_folder.md explains the keys.",
            **_object({
                "run": words, "answered_by": {"type": "object"}, "warnings": names, "adapted": {"type": ["object", "null"]},
                "failed": {"type": "array", "items": {"type": "object"}},
                "clips": {"type": "array", "items": {
                    "type": "object", "required": ["clip", "emotions", "probability", "uncertainty"],
                    "properties": {"clip": words, "emotions": names, "probability": per_emotion, "uncertainty": per_emotion},
                }},
            }),
        },
    }  # fmt: skip


def _object(properties: JSON) -> JSON:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
