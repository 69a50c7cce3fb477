"""What routes ask for: the parts of the running service, and the client allowed to do this."""

# No postponed annotations here: FastAPI could not resolve those of a callable object such as Require.
import functools
from contextlib import ExitStack
from typing import Annotated

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from tousu.classifier.model import Classifier
from tousu.errors import RateExceeded
from tousu.taxonomy import Taxonomy
from tousu_service.auth.access import LOCAL, Scope
from tousu_service.http.error_handlers import refusal
from tousu_service.http.middleware import EXCHANGE
from tousu_service.parts import parts_of
from tousu_service.settings import Settings
from tousu_service.store import Store
from tousu_service.store.keys import ApiKey


async def _store(request: Request) -> Store:
    return parts_of(request).store


async def _settings(request: Request) -> Settings:
    return parts_of(request).settings


async def _taxonomy(request: Request) -> Taxonomy:
    return parts_of(request).taxonomy


async def _model(request: Request) -> Classifier:
    return parts_of(request).live_model.current()


StoreDep = Annotated[Store, Depends(_store)]
SettingsDep = Annotated[Settings, Depends(_settings)]
TaxonomyDep = Annotated[Taxonomy, Depends(_taxonomy)]
ModelDep = Annotated[Classifier, Depends(_model)]


class Require(SecurityBase):
    """The client of a request, with a scope; documents the key in the OpenAPI description."""

    def __init__(self, scope: Scope) -> None:
        self.scope: Scope = scope
        self.model = HTTPBearer()  # ``openapi.describe`` says more of it
        self.scheme_name = "BearerKey"

    async def __call__(self, request: Request) -> ApiKey:
        """Return the client.

        Raises:
            HTTPException: It may not do this.
            StoreError: The store cannot be asked whether it may.
        """
        return await parts_of(request).access.admit(request, self.scope)


@functools.cache
def require(scope: Scope) -> Require:
    """Return the dependency that admits clients with a scope."""
    return Require(scope)


def open_stream(request: Request) -> ExitStack:
    """Return a client's place among its open streams; closing it gives the place back.

    Raises:
        HTTPException: It has too many open.
    """
    client = request.scope[EXCHANGE].client
    address = request.client.host if request.client else ""
    try:
        return parts_of(request).open_streams.enter(address if client == LOCAL.id else client)
    except RateExceeded as error:
        raise refusal(error, retry_after=1) from None


async def known_parameters(request: Request) -> None:
    """Refuse query parameters the route does not have: a mistyped one would be left out without a word.

    Raises:
        RequestValidationError: There is one.
    """
    if not request.scope["query_string"]:
        return
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    told = f"没有这个参数，请检查拼写；可以写的有 {'、'.join(known)}" if known else "这个接口不带网址参数"
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise RequestValidationError(
            [{"type": "extra_forbidden", "loc": ("query", name[:40]), "msg": told, "input": None} for name in unknown]
        )
