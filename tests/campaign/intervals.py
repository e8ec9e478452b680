"""Stretches of time as sorted lists of (from, to): the referee's own arithmetic."""


def union(pieces):
    found = []
    for a, b in sorted(p for p in pieces if p[0] < p[1]):
        if found and a <= found[-1][1]:
            found[-1] = (found[-1][0], max(b, found[-1][1]))
        else:
            found.append((a, b))
    return found


def both(one, other):
    found, i, j = [], 0, 0
    while i < len(one) and j < len(other):
        a, b = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if a < b:
            found.append((a, b))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return found


def without(one, other):
    found = []
    for a, b in one:
        for c, d in other:
            if d <= a or c >= b:
                continue
            if c > a:
                found.append((a, c))
            a = max(a, d)
            if a >= b:
                break
        if a < b:
            found.append((a, b))
    return found


def length(pieces):
    return sum(b - a for a, b in pieces)


def touches(pieces, a, b):
    return any(c <= b and d >= a for c, d in pieces)
