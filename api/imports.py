"""Imports of spreadsheets and track records: upload, preview, repair, confirm, take back. Organisers only."""

from typing import Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from api.paging import Cursor
from api.serializers import Id, Strict, Text
from api.suggestions import IDEMPOTENCY_KEY
from api.views import Nouns, SignedIn
from matchmaking import access
from matchmaking.errors import NotAllowed
from matchmaking.models import Event, Import, ImportRow, Programme
from matchmaking.selectors import imports as selectors
from matchmaking.selectors.sentences import in_words
from matchmaking.services import imports

ID = OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH)
ROW = OpenApiParameter("row", OpenApiTypes.INT64, OpenApiParameter.PATH)


class TooLarge(APIException):
    status_code = 413
    default_detail = _("The file is larger than 20 MB. Split it and import the parts.")
    default_code = "too_large"


class RowCursor(Cursor):
    ordering = "number"


class ImportIn(Strict):
    file = serializers.FileField(max_length=200, help_text="CSV or XLSX; for projects JSON lines, also gzipped. At most 20 MB.")
    programme = Id(required=False, help_text="Needed where no event is given.")
    event = Id(required=False, help_text="Register the participants for this event.")
    kind = serializers.ChoiceField(choices=Import.Kind.choices, default=Import.Kind.PARTICIPANTS)
    consent = Text(
        max_length=500, required=False, allow_blank=True, default="",
        help_text="Where consent to suggestions was given (form, date). Without it people are only invited.",
    )  # fmt: skip
    encoding = Text(max_length=20, required=False, help_text="Overrules what is recognised.")
    delimiter = serializers.CharField(max_length=1, required=False, trim_whitespace=False)


class ReadAgainIn(Strict):
    encoding = Text(max_length=20, required=False, allow_null=True)
    delimiter = serializers.CharField(max_length=1, required=False, allow_null=True, trim_whitespace=False)


class ConfirmIn(Strict):
    skip_bad_rows = serializers.BooleanField(default=False, help_text="Save the good rows although there are bad ones.")


class CellsIn(Strict):
    cells = serializers.DictField(child=Text(max_length=20_000, allow_blank=True), help_text="New text by field.")


class ImportOut(serializers.ModelSerializer[Import]):
    percent = serializers.SerializerMethodField()
    failure = serializers.SerializerMethodField()
    table = serializers.JSONField(help_text="Encoding, delimiter, sheet, recognised columns, unknown columns.")

    class Meta:
        model = Import
        fields = ("id", "kind", "state", "programme", "event", "file_name", "consent", "percent", "rows_read", "table", "counts",
                  "failure", "created_at", "finished_at")  # fmt: skip

    def get_percent(self, row: Import) -> int | None:
        return selectors.percent(row)

    def get_failure(self, row: Import) -> str | None:
        return in_words(row.failure["template"], row.failure["params"]) if "template" in row.failure else None


class ImportRowOut(serializers.ModelSerializer[ImportRow]):
    problems = serializers.SerializerMethodField()

    class Meta:
        model = ImportRow
        fields = ("id", "number", "outcome", "cells", "problems", "participant")

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_problems(self, row: ImportRow) -> list[str]:
        return [in_words(problem["template"], problem["params"]) for problem in row.problems]


class Imports(Nouns):
    permits = dict.fromkeys(
        ("list", "create", "retrieve", "partial_update", "destroy", "rows", "fix", "confirm", "cancel", "take_back"), SignedIn
    )
    scopes: ClassVar = {"create": "import"}
    parameters: ClassVar = {"rows": ("outcome", "cursor", "page_size")}
    serializer_class = ImportOut
    filter_backends = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """What is too large is refused before anything of it is read; what is not, Django writes to the disk while it arrives."""
        if self.action == "create" and int(request.META.get("CONTENT_LENGTH") or 0) > settings.UPLOAD_LIMIT_BYTES + settings.FORM_BYTES:
            raise TooLarge
        super().initial(request, *args, **kwargs)

    def get_parsers(self) -> list[BaseParser]:
        method = str(self.request.method).lower() if self.request else ""
        return [MultiPartParser()] if self.action_map and self.action_map.get(method) == "create" else super().get_parsers()

    @extend_schema(responses=ImportOut(many=True))
    def list(self, request: Request) -> Response:
        if not access.has_role(request.user, access.ORGANISER):
            raise NotAllowed("Only organisers can do this.")
        return self.page(access.imports_visible_to(request.user), ImportOut)

    @extend_schema(request={"multipart/form-data": ImportIn}, responses={202: ImportOut}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Take in a file. It is read in the background up to a preview; nothing is saved before it is confirmed."""
        body = ImportIn(data=request.data)
        body.is_valid(raise_exception=True)
        told = body.validated_data
        if told["file"].size > settings.UPLOAD_LIMIT_BYTES:
            raise TooLarge
        programme, event = self._where(request, told)
        import_ = imports.begin(
            programme=programme, event=event, file=told["file"].file, name=told["file"].name, kind=told["kind"], consent=told["consent"],
            by=request.user, encoding=told.get("encoding"), delimiter=told.get("delimiter"),
        )  # fmt: skip
        return self._accepted(request, import_)

    @extend_schema(responses=ImportOut, parameters=[ID])
    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(ImportOut(access.import_for(request.user, int(pk))).data)

    @extend_schema(request=ReadAgainIn, responses={202: ImportOut}, parameters=[ID, IDEMPOTENCY_KEY])
    def partial_update(self, request: Request, pk: str) -> Response:
        """Read the file again with another encoding or delimiter; null means: recognise it."""
        import_ = access.import_for(request.user, int(pk))
        body = ReadAgainIn(data=request.data)
        body.is_valid(raise_exception=True)
        return self._accepted(request, imports.read_again(import_=import_, by=request.user, **body.validated_data))

    @extend_schema(request=None, responses={204: None}, parameters=[ID, IDEMPOTENCY_KEY])
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete the import with its file and rows. What it saved stays, and can no longer be taken back."""
        self.take_nothing(request)
        imports.remove(import_=access.import_for(request.user, int(pk)), by=request.user)
        return Response(status=204)

    @extend_schema(
        responses=ImportRowOut(many=True),
        parameters=[
            ID, OpenApiParameter("outcome", str, enum=ImportRow.Outcome.values), OpenApiParameter("cursor", str),
            OpenApiParameter("page_size", int),
        ],
    )  # fmt: skip
    @action(detail=True, pagination_class=RowCursor)
    def rows(self, request: Request, pk: str) -> Response:
        """The rows in the order of the file, all or those of one outcome."""
        import_ = access.import_for(request.user, int(pk))
        outcome = request.query_params.get("outcome")
        if outcome is not None and outcome not in ImportRow.Outcome.values:
            raise ValidationError({"outcome": [_("There is no such outcome.")]})
        return self.page(selectors.rows_of(import_, outcome=outcome), ImportRowOut)

    @extend_schema(request=CellsIn, responses=ImportRowOut, parameters=[ID, ROW, IDEMPOTENCY_KEY])
    @action(detail=True, methods=["patch"], url_path="rows/(?P<row>[0-9]{1,16})")
    def fix(self, request: Request, pk: str, row: str) -> Response:
        """Repair cells of a row that cannot be imported, before the import is confirmed."""
        found = selectors.row_of(access.import_for(request.user, int(pk)), int(row))
        body = CellsIn(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(ImportRowOut(imports.fix_row(row=found, cells=body.validated_data["cells"], by=request.user)).data)

    @extend_schema(request=ConfirmIn, responses={202: ImportOut}, parameters=[ID, IDEMPOTENCY_KEY])
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """Save what the preview shows, in the background: all of it or nothing."""
        import_ = access.import_for(request.user, int(pk))
        body = ConfirmIn(data=request.data)
        body.is_valid(raise_exception=True)
        return self._accepted(request, imports.confirm(import_=import_, by=request.user, **body.validated_data))

    @extend_schema(request=None, responses=ImportOut, parameters=[ID, IDEMPOTENCY_KEY])
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Stop an import that is not saved yet."""
        self.take_nothing(request)
        return Response(ImportOut(imports.cancel(import_=access.import_for(request.user, int(pk)), by=request.user)).data)

    @extend_schema(request=None, responses=ImportOut, parameters=[ID, IDEMPOTENCY_KEY])
    @action(detail=True, methods=["post"], url_path="take-back")
    def take_back(self, request: Request, pk: str) -> Response:
        """Undo what the import saved, as far as nobody relies on it; `counts` and the rows say what stayed."""
        self.take_nothing(request)
        return Response(ImportOut(imports.take_back(import_=access.import_for(request.user, int(pk)), by=request.user)).data)

    def _where(self, request: Request, told: dict[str, Any]) -> tuple[Programme, Event | None]:
        """The programme and event, if the caller organises them."""
        if "event" in told:
            event = access.event_to_organise(request.user, told["event"])
            if told.get("programme", event.programme_id) != event.programme_id:
                raise ValidationError({"event": [_("The event belongs to another programme.")]})
            return event.programme, event
        if "programme" not in told:
            raise ValidationError({"programme": [_("Name a programme or an event.")]})
        return access.programme_to_organise(request.user, told["programme"]), None

    def _accepted(self, request: Request, import_: Import) -> Response:
        where = reverse("import-detail", args=[import_.pk], request=request)
        return Response(ImportOut(import_).data, status=202, headers={"Location": where})
