"""Traces by OpenTelemetry, where an address to send them to is set; a complaint's text is never in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tousu.errors import SettingsError

if TYPE_CHECKING:
    from tousu_service.settings import Settings


def tracer_provider(settings: Settings) -> Any:
    """Return the provider that sends spans to the collector that is set, None where none is.

    Raises:
        SettingsError: What this needs is not installed.
    """
    if not settings.traces_endpoint:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"设了 traces_endpoint，却没有安装 {error.name}",
            fix="安装附加部分：pip install 'tousu[traces]'，或去掉这项设置",
        ) from error
    made = TracerProvider(resource=Resource.create({"service.name": "tousu"}), shutdown_on_exit=False)
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.traces_endpoint)))
    return made
