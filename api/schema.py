"""The OpenAPI description: what each view declares, and the conventions all of them share."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import AllowAny

from api.errors import TITLES

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
ONCE = "1 to 200 signs. The same request with the same key has its effect once and gets the first answer again, for 24 hours."
KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description=ONCE)
IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, required=True, description="The ETag of what you read.")
IF_NONE_MATCH = OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of what you have.")
ETAG = OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200, 201], description="Send it back as If-Match or If-None-Match.")
BODY_FREE = {"304": {"description": "You have exactly this."}}


class Operation(AutoSchema):
    """One operation: adds the headers, and the refusals that every operation of its sort may answer."""

    @property
    def operation(self) -> str:
        return getattr(self.view, "action", None) or self.method.lower()

    @property
    def tagged(self) -> bool:
        return self.operation in getattr(self.view, "tagged", ())

    @property
    def public(self) -> bool:
        return any(isinstance(permission, AllowAny) for permission in self.view.get_permissions())

    def get_tags(self) -> list[str]:
        words = [word for word in self.path.split("/") if word not in ("", "api", "v1")]
        return words[:1]

    def get_override_parameters(self) -> list[Any]:
        found = []
        if self.method in UNSAFE and getattr(self.view, "idempotent", False) and not self.public:
            found.append(KEY)
        if self.tagged:
            found.append(ETAG)
            found.append(IF_MATCH if self.method in ("PATCH", "PUT", "DELETE") else IF_NONE_MATCH)
        return found

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            for status in self.refusals():
                operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/{status}"})
            if self.tagged and self.method == "GET":
                operation["responses"].update(BODY_FREE)
            operation["responses"] = dict(sorted(operation["responses"].items()))
        return operation

    def _map_basic_serializer(self, serializer: Any, direction: str) -> Any:
        described = super()._map_basic_serializer(serializer, direction)
        if direction == "request" and getattr(serializer, "refuses_unknown", False):
            described["additionalProperties"] = False
        return described

    def refusals(self) -> list[int]:
        found = [400, 404, 406, 429, 503]
        unsafe = self.method in UNSAFE
        if not self.public:
            found += [401, 403]
        if unsafe:
            found += [401, 403, 409, 413, 415, 422]
        if unsafe and self.tagged:
            found += [412, 428]
        return found


PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "properties": {
        "type": {"type": "string", "example": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence in your language: what is wrong and what to do."},
        "request_id": {"type": "string", "description": "Of an error on our side: what to tell the operator."},
        "errors": {"description": "By field, where fields are wrong.", "type": "object", "additionalProperties": True},
    },
    "required": ["type", "title", "status", "detail"],
}


def add_problems(result: dict[str, Any], **_more: Any) -> dict[str, Any]:
    """Postprocessing hook: the problem schema and one response per status."""
    components = result.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    for schema in schemas.values():
        if "oneOf" in schema:  # what readers with more rights get holds all that the others get: it is both
            schema["anyOf"] = schema.pop("oneOf")
    components["responses"] = {str(status): response_of(status, title) for status, title in TITLES.items()}
    return result


def response_of(status: int, title: str) -> dict[str, Any]:
    example = {"type": "about:blank", "title": title, "status": status, "detail": "What is wrong, and what to do."}
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}}
    return {"description": title, "content": content}
