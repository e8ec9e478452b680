"""What a mutant is: one small change to a module, made in its syntax tree."""
import __future__

import ast
from typing import NamedTuple

SWAPS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
    ast.Mod: ast.Div, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}
LEFT_ALONE = {"annotation", "returns", "decorator_list", "bases", "ctx"}


class Mutant(NamedTuple):
    """`change` says what becomes of what in the line; `code` makes the function, class or constant with it once more
    (and the constants after it, which may be made of that one), and `within` are the names that it gives."""

    module: str
    line: int
    text: str
    change: str
    within: tuple[str, ...]
    code: object


def of(module, source, path):
    """All mutants of a module, one after the other."""
    tree, lines = ast.parse(source), source.splitlines()
    for n, top in enumerate(tree.body):
        if _is_text_alone(top) or isinstance(top, (ast.Import, ast.ImportFrom)):
            continue
        after, within = [], (getattr(top, "name", ""),)
        if not within[0]:
            after = [other for other in tree.body[n + 1:] if isinstance(other, (ast.Assign, ast.AnnAssign))]
            within = tuple(name for one in (top, *after) for name in _names(one))
        for node, field, index, new in _places(top):
            old = getattr(node, field)
            value = old if index is None else [*old[:index], *([] if new is None else [new]), *old[index + 1:]]
            before = old if index is None else old[index]
            told = _told(before), "nothing" if new is None else _told(new)
            if isinstance(node, ast.Compare) and field == "ops":
                told = f"{told[0]} {_told(node.comparators[index])}", told[1]
            setattr(node, field, new if index is None else value)
            at = _line(before, node, top)
            alone = ast.fix_missing_locations(ast.Module([top, *after], []))
            code = compile(alone, path, "exec", __future__.annotations.compiler_flag, dont_inherit=True)
            yield Mutant(module, at, lines[at - 1].strip(), "{} -> {}".format(*told), within, code)
            setattr(node, field, old)


def _names(top):
    targets = top.targets if isinstance(top, ast.Assign) else [top.target]
    return [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]


def _line(*nodes):
    return next(node.lineno for node in nodes if hasattr(node, "lineno"))


def _told(node):
    """What is shown of a piece of code: short and on one line."""
    text = type(node).__name__ if isinstance(node, (ast.operator, ast.cmpop, ast.boolop)) else ast.unparse(node)
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:59]}…"


def _places(node, inside=False):
    """(parent, field, index or None, what stands there instead or None for nothing) of every change below a node."""
    inside = inside or isinstance(node, (ast.FunctionDef, ast.Lambda))
    for field, value in ast.iter_fields(node):
        if field in LEFT_ALONE:
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _is_text_alone(child):
                continue
            for new in _instead(child, node, field, inside):
                yield node, field, index, new
            if not (isinstance(node, ast.Assign) and not inside and isinstance(child, ast.Subscript)):  # names of types
                yield from _places(child, inside)


def _is_text_alone(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _instead(node, parent, field, inside):
    kind = type(node)
    if kind in SWAPS:
        yield SWAPS[kind]()
    elif kind is ast.Constant and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif kind is ast.Constant and isinstance(node.value, (int, float)):
        yield ast.Constant(node.value + 1)
    elif kind is ast.Constant and isinstance(node.value, str):
        yield ast.Constant(f"XX{node.value}XX")
    elif kind is ast.UnaryOp and isinstance(node.op, (ast.Not, ast.USub)):
        yield node.operand
    elif kind is ast.Call and isinstance(node.func, ast.Name) and node.func.id in CALLS:
        yield ast.Call(ast.Name(CALLS[node.func.id], ast.Load()), node.args, node.keywords)
    elif kind is ast.keyword and node.arg:
        yield None
    elif kind is ast.Break or kind is ast.Continue:
        yield ast.copy_location(ast.Continue() if kind is ast.Break else ast.Break(), node)
    elif kind is ast.Expr and isinstance(node.value, ast.Call):
        yield ast.copy_location(ast.Pass(), node)
    elif kind is ast.AugAssign:
        yield ast.copy_location(ast.Assign([node.target], node.value), node)
    elif kind is ast.Assign and inside and not _is_none(node.value):
        yield ast.copy_location(ast.Assign(node.targets, ast.Constant(None)), node)
    if field == "test" and not isinstance(node, (ast.Compare, ast.BoolOp, ast.UnaryOp)):
        yield ast.UnaryOp(ast.Not(), node)
    if field == "ifs":
        yield ast.Constant(True)


def _is_none(node):
    return isinstance(node, ast.Constant) and node.value is None
