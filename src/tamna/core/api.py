"""The HTTP API (OpenAPI under /api/v1/docs): tokens with scopes, idempotency keys, keyset paging, problem+json."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.docs import DocsBase
from ninja.security import HttpBearer

from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import ApiToken, IdempotencyRecord


class Token(HttpBearer):
    """A machine's bearer token; its scopes are capabilities."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        row = ApiToken.objects.filter(hash=token_hash(token), revoked_at=None).first()
        if row is None or (row.expires_at and row.expires_at < timezone.now()):
            return None
        if row.last_used_at is None or (timezone.now() - row.last_used_at).total_seconds() > 60:
            ApiToken.objects.filter(pk=row.pk).update(last_used_at=timezone.now())
        return row


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def actor(request: HttpRequest) -> Actor:
    """The doer behind a token."""
    return Actor("system", f"api:{request.auth.name}", address=request.META.get("REMOTE_ADDR", ""))  # type: ignore[attr-defined]


def scope(capability: str) -> Callable[[Any], Any]:
    """Refuse a token without this capability."""

    def mark(view: Any) -> Any:
        from functools import wraps

        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if capability not in request.auth.scopes:  # type: ignore[attr-defined]
                raise HttpError(403, f"the token lacks the scope {capability}")
            return view(request, *args, **kwargs)

        checked.scope = capability  # type: ignore[attr-defined]
        return checked

    return mark


def once(request: HttpRequest, do: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run a write once per `Idempotency-Key`: the same key gives the same answer; another body is refused (409).

    The answer is stored in the transaction of the write, so a crash leaves neither or both.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return do()
    owner = f"token:{request.auth.pk}"  # type: ignore[attr-defined]
    fingerprint = hashlib.sha256(f"{request.method} {request.path}".encode() + request.body).hexdigest()
    with transaction.atomic():
        row, _ = IdempotencyRecord.objects.get_or_create(
            owner=owner, key=key[:120], defaults={"fingerprint": fingerprint}
        )
        row = IdempotencyRecord.objects.select_for_update().get(pk=row.pk)
        if row.fingerprint != fingerprint:
            raise DomainError("core.idempotency_reuse")
        if row.status is None:
            row.status, row.answer = 200, json.dumps(do(), default=str)
            row.save(update_fields=["status", "answer"])
    return dict(json.loads(row.answer))


class Docs(DocsBase):
    """The documentation page, drawn here from the OpenAPI description: no script, nothing from elsewhere."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        schema = api.get_openapi_schema(path_params=kwargs)
        scopes = {operation.operation_id or api.get_openapi_operation_id(operation): getattr(operation.view_func, "scope", "")
                  for _prefix, router in api._routers for view in router.path_operations.values() for operation in view.operations}  # fmt: skip
        groups: dict[str, list[dict[str, Any]]] = {}
        for path, methods in schema["paths"].items():
            for method, said in methods.items():
                body = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
                shape = _shape(schema, body.get("items", body))
                row = {
                    "method": method.upper(), "path": path, "text": said.get("description") or said["summary"], "id": said["operationId"],
                    "scope": scopes.get(said["operationId"], ""), "many": "items" in body,
                    "fields": [(part["name"], part["in"], _kind(part["schema"]), part["required"]) for part in said.get("parameters", ())]
                    + [(name, "body", _kind(kind), name in shape.get("required", ())) for name, kind in shape.get("properties", {}).items()],
                }  # fmt: skip
                groups.setdefault(said["tags"][0], []).append(row)
        context = {
            "groups": groups,
            "text": schema["info"]["description"],
            "schema_url": self.get_openapi_url(api, kwargs),
        }
        return render(request, "web/api_docs.html", context)


def _shape(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """The described object that a reference names."""
    return dict(schema["components"]["schemas"][part["$ref"].rsplit("/", 1)[1]]) if "$ref" in part else part


def _kind(part: dict[str, Any]) -> str:
    """A field's kind in a few letters: integer, date, one of …"""
    if "enum" in part:
        return " | ".join(map(json.dumps, part["enum"]))
    if "anyOf" in part:
        return " | ".join(_kind(one) for one in part["anyOf"])
    return str(part.get("format") or part.get("type") or "any")


api = NinjaAPI(
    title="Tamna", version="1", auth=Token(), docs=Docs(), docs_url="/docs", urls_namespace="api-1",
    description="The hospital's data and engines for other systems. Amounts are integers of won; instants are ISO 8601.",
)  # fmt: skip


def problem(request: HttpRequest, status: int, key: str, title: str, **more: Any) -> HttpResponse:
    return HttpResponse(
        json.dumps(
            {"type": f"/errors/{key}", "title": title, "status": status, "key": key, **more}, ensure_ascii=False
        ),
        status=status,
        content_type="application/problem+json",
    )


@api.exception_handler(DomainError)
def _domain(request: HttpRequest, error: DomainError) -> HttpResponse:
    return problem(request, 409, error.key, error.message)


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(request, error.status_code, f"http.{error.status_code}", str(error))


@api.exception_handler(AuthenticationError)
def _unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(request, 401, "http.401", "a valid bearer token is needed")


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = [{"field": ".".join(str(part) for part in item["loc"]), "message": item["msg"]} for item in error.errors]
    return problem(request, 422, "http.422", "the request has wrong fields; nothing was changed", fields=fields)
