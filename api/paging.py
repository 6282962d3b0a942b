"""Cursor pages for every list: at most 100 rows, no offsets, no counts."""

from rest_framework.pagination import CursorPagination


class Cursor(CursorPagination):
    page_size = 25
    max_page_size = 100
    page_size_query_param = "page_size"
    ordering = "id"
