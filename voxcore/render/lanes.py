"""Four numbers at once: a vector type for compiled loops that numba does not vectorise by itself.

A value of type `Four` is one LLVM vector, float32 or float64; on x86 with AVX every operation is
one instruction, elsewhere LLVM splits it up. The functions below work inside compiled functions
only. ``load`` and ``store`` neither check bounds nor wrap negative indices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.extending import intrinsic, register_model

LANES: Final = 4
_function: Any = cgutils.get_or_insert_function
_FLOATS: Final = {types.float32: ir.FloatType(), types.float64: ir.DoubleType()}


class Four(types.Type):
    """LANES numbers of type ``of``."""

    def __init__(self, of: Any) -> None:
        self.of = of
        super().__init__(name=f"Four({of})")


@register_model(Four)
class _FourModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Four) -> None:
        super().__init__(manager, kind, _vector(kind.of))  # type: ignore[no-untyped-call]


def _intrinsic(function: Callable[..., Any]) -> Any:
    return intrinsic(function)


def _vector(of: Any) -> Any:
    return ir.VectorType(_FLOATS[of], LANES)


def _address(context: Any, builder: Any, array: Any, value: Any, index: Any) -> Any:
    data = context.make_array(array)(context, builder, value).data
    return builder.bitcast(builder.gep(data, [index]), _vector(array.dtype).as_pointer())


@_intrinsic
def load(_: Any, array: Any, index: Any) -> Any:
    """array[index : index + LANES] of a one-dimensional array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        at = _address(context, builder, array, *arguments)
        return builder.load(at, align=array.dtype.bitwidth // 8)

    return Four(array.dtype)(array, types.int64), generate


@_intrinsic
def store(_: Any, array: Any, index: Any, value: Any) -> Any:
    """array[index : index + LANES] = value."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        at = _address(context, builder, array, *arguments[:2])
        builder.store(arguments[2], at, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.int64, value), generate


@_intrinsic
def prefetch(_: Any, array: Any, index: Any) -> Any:
    """Asks for the cache line of array[index], which a later ``load`` then need not wait for."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        at = builder.bitcast(_address(context, builder, array, *arguments), ir.IntType(8).as_pointer())
        int32 = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [at.type, int32, int32, int32])
        builder.call(_function(builder.module, kind, "llvm.prefetch.p0"), [at, int32(0), int32(3), int32(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


@_intrinsic
def spread(_: Any, number: Any) -> Any:
    """The same number in every lane."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        empty, int32 = ir.Constant(_vector(number), ir.Undefined), ir.IntType(32)
        one = builder.insert_element(empty, arguments[0], int32(0))
        return builder.shuffle_vector(one, empty, ir.Constant(ir.VectorType(int32, LANES), [0] * LANES))

    return Four(number)(number), generate


@_intrinsic
def fma(_: Any, a: Any, b: Any, c: Any) -> Any:
    """a * b + c, rounded once where the processor can."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = _vector(a.of)
        name = f"llvm.fmuladd.v{LANES}f{a.of.bitwidth}"
        return builder.call(_function(builder.module, ir.FunctionType(kind, [kind] * 3), name), arguments)

    return a(a, a, a), generate


@_intrinsic
def narrow(_: Any, a: Any) -> Any:
    """float64 to float32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fptrunc(arguments[0], _vector(types.float32))

    return Four(types.float32)(a), generate


@_intrinsic
def widen(_: Any, a: Any) -> Any:
    """float32 to float64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fpext(arguments[0], _vector(types.float64))

    return Four(types.float64)(a), generate


def _operation(name: str) -> Any:
    @_intrinsic
    def operation(_: Any, a: Any, b: Any) -> Any:
        return a(a, a), lambda context, builder, signature, arguments: getattr(builder, name)(*arguments)

    return operation


add, sub, mul = _operation("fadd"), _operation("fsub"), _operation("fmul")


@_intrinsic
def pick(_: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """c where a > b, else d (also where a or b is not a number)."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", *arguments[:2]), *arguments[2:])

    return c(a, a, c, c), generate


@_intrinsic
def any_above(_: Any, a: Any, b: Any) -> Any:
    """Whether a > b in at least one lane."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits = ir.IntType(LANES)
        return builder.icmp_unsigned("!=", builder.bitcast(builder.fcmp_ordered(">", *arguments), bits), bits(0))

    return types.boolean(a, a), generate
