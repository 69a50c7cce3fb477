"""How functions are compiled: by numba, once, kept on disk beside the source.

Installation fills that cache (``tousu doctor --warm``). numba itself uses a cache only where it could
also write one; an image or a system directory is often read-only for who runs it, so here a filled cache
beside the source is used as it is. Where nothing can be kept at all, each process compiles for itself.

What is kept is kept for one kind of processor. With ``NUMBA_CPU_NAME=generic``, at installation and at run
time, it serves every processor of the architecture; results are the same to the last bit and no slower.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numba import njit, types
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    InTreeCacheLocator,
    UserProvidedCacheLocator,
    UserWideCacheLocator,
)
from numba.core.runtime import rtsys
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLAS = "scipy.linalg"


@contextmanager
def _without_blas() -> Iterator[None]:
    """Let numba set itself up without looking for a BLAS, which takes a fifth of a second.

    It looks once, by importing scipy.linalg, to choose how ``np.convolve`` multiplies; our loops hold none, and
    ``np.dot`` in anybody else's finds it later all the same.
    """
    if BLAS in sys.modules:
        yield
        return
    sys.modules[BLAS] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[BLAS]


class _Filled(InTreeCacheLocator):  # type: ignore[misc]
    """The cache beside the source when it is filled, whether or not it can be written."""

    def ensure_cache_path(self) -> None:
        """Look whether anything is kept for the source file.

        Raises:
            FileNotFoundError: Nothing is.
        """
        if not any(Path(self.get_cache_path()).glob(f"{Path(self._py_file).stem}.*.nbi")):
            raise FileNotFoundError(self.get_cache_path())


class _Places(CompileResultCacheImpl):  # type: ignore[misc]
    """Where a cache may be, in this order; ``NUMBA_CACHE_DIR`` comes first."""

    _locator_classes = (UserProvidedCacheLocator, InTreeCacheLocator, _Filled, UserWideCacheLocator)


class _Cache(FunctionCache):  # type: ignore[misc]
    """A cache that need not be writable."""

    _impl_class = _Places

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Take what was compiled from the cache, if it is there.

        numba would first make ready for compiling, a seventh of a second; what is compiled already needs only
        the part that runs beside it. Where nothing is in the cache, compiling itself makes ready.
        """
        with _without_blas():
            rtsys.initialize(target_context)
            with self._guard_against_spurious_io_errors():
                return self._load_overload(sig, target_context)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled, if it can be kept."""
        with suppress(OSError):
            super().save_overload(sig, data)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``function`` compiled on its first call, or taken from the cache; it runs without Python's lock."""
    dispatcher = njit(nogil=True)(function)
    with suppress(RuntimeError):  # there is no place to keep it
        dispatcher._cache = _Cache(function)
    return dispatcher  # type: ignore[no-any-return]


@intrinsic  # type: ignore[untyped-decorator,unused-ignore]
def prefetch(typing_context: Any, table: Any, row: Any, column: Any) -> Any:
    """Ask the processor for the cell of a table of two dimensions that is read soon; it changes no result.

    What is asked for early is there when it is summed up: rows are scattered over more memory than caches hold.
    """
    del typing_context, row, column  # any whole numbers

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        from numba.core import cgutils

        ir = cgutils.ir  # llvmlite's, of the version numba brings
        given = context.make_array(signature.args[0])(context, builder, arguments[0])
        where = cgutils.get_item_pointer(
            context, builder, signature.args[0], given, list(arguments[1:]), wraparound=False
        )
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        ask = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        builder.call(ask, [builder.bitcast(where, byte), number(0), number(3), number(1)])  # to read, to keep, data
        return context.get_dummy_value()

    return types.void(table, types.int64, types.int64), generate
