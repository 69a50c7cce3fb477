"""The compiled loops: characters → terms → scores. Everything that is done per character is here.

A *code* is a normalised character as a 16-bit number (0 dropped, 1 break, 2 marks an expansion in the
table, 3 any character beyond the basic plane's scripts). A *key* is the codes of a term packed into
64 bits, first character highest, so that terms of up to four characters are told apart exactly,
without hashing collisions. Terms never span a break.

The functions are compiled by numba on first use and cached on disk; ``tousu doctor --warm``, which
installation runs, fills that cache. Each text is summed in its own order of terms by one thread, so a
result does not depend on the batch it came in.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from tousu.classifier.compiled import compiled, prefetch

DROP, BREAK, EXPAND, RARE = 0, 1, 2, 3
DIGIT = 48
LINE = 16  # float32 in what a processor fetches at once
PATIENCE = 100
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@njit(inline="always")
def slot_of(key, shift):
    """Return the first slot to look at for ``key`` in a table of 2**(64 - shift) slots."""
    return np.int64((key * MULTIPLIER) >> shift)


@compiled
def build_table(keys, values, bits):
    """Build an open-addressing table of 2**bits slots from ``keys`` (uint64, no zeros) and ``values`` (int32)."""
    size = 1 << bits
    shift = np.uint64(64 - bits)
    slots = np.zeros(size, dtype=np.uint64)
    held = np.zeros(size, dtype=np.int32)
    for i in range(keys.size):
        at = slot_of(keys[i], shift)
        while slots[at] != 0:
            at = (at + 1) & (size - 1)
        slots[at] = keys[i]
        held[at] = values[i]
    return slots, held


@njit(inline="always")
def look_up(slots, held, shift, key):
    """Return the value of ``key``, or 0 where the table does not hold it."""
    at = slot_of(key, shift)
    mask = slots.size - 1
    while slots[at] != 0:
        if slots[at] == key:
            return held[at]
        at = (at + 1) & mask
    return np.int32(0)


@compiled
def normalise_codes(raw, start, stop, chars, codes, origins):
    """Write the codes of ``raw[start:stop]`` and where each came from; return how many there are.

    Runs of digits become one digit, runs of breaks one break; a leading break is left out.

    Args:
        raw: Code points, uint32, of all texts joined.
        start: Index of the text's first character.
        stop: Index behind its last.
        chars: The ``text.CharTable``.
        codes: Output, uint16, long enough.
        origins: Output, int32: index in the text of the character each code came from; empty to skip.
    """
    n = 0
    track = origins.size > 0
    table, expand_from, expand_at, expand_codes = chars
    for i in range(start, stop):
        point = raw[i]
        if point < 65536:
            code = table[point]
        elif 0x20000 <= point < 0x40000:
            code = np.uint16(RARE)
        else:
            code = np.uint16(BREAK)
        if code == DROP:
            continue
        first, last = 0, 1
        expands = code == EXPAND
        if expands:
            which = np.searchsorted(expand_from, point)
            first, last = expand_at[which], expand_at[which + 1]
        for j in range(first, last):
            if expands:
                code = expand_codes[j]
            if code == BREAK and (n == 0 or codes[n - 1] == BREAK):
                continue
            if code == DIGIT and n > 0 and codes[n - 1] == DIGIT:
                continue
            codes[n] = code
            if track:
                origins[n] = i - start
            n += 1
    return n


@compiled
def most_codes(raw, starts, chars):
    """Return how many codes the longest of the texts gives at most, runs not yet joined."""
    most = 0
    for t in range(starts.size - 1):
        n = starts[t + 1] - starts[t]
        for i in range(starts[t], starts[t + 1]):
            if raw[i] < 65536 and chars.table[raw[i]] == EXPAND:
                which = np.searchsorted(chars.expand_from, raw[i])
                n += chars.expand_at[which + 1] - chars.expand_at[which] - 1
        most = max(most, n)
    return most


@compiled
def place_children(labels, begins, counts, order, first_free):
    """Choose each node's base so that no two nodes' children share a cell: a double-array trie.

    Child k of node n goes to cell ``bases[n] + labels[begins[n] + k]``. Nodes are placed first-fit, in
    ``order``; where one finds no room for long, the cells before are left to nodes with a single child.

    Args:
        labels: Of every child, int32, at least 1, a node's children next to each other.
        begins: Index of each node's first child in ``labels``, int64.
        counts: How many children each node has, int64.
        order: Nodes with children, those with most first, int64.
        first_free: The first cell that may be used, above the highest label.

    Returns:
        int32, shape (nodes,): the bases; 0 for nodes without children.
    """
    bases = np.zeros(counts.size, dtype=np.int32)
    taken = np.zeros(first_free * 4 + labels.size * 2, dtype=np.bool_)
    taken[:first_free] = True
    low = first_free
    alone = False
    for node in order:
        first, last = begins[node], begins[node] + counts[node]
        if counts[node] == 1 and not alone:
            alone = True
            low = first_free
        at = low
        missed = 0
        while True:
            if at + first_free >= taken.size:
                wider = np.zeros(taken.size * 2, dtype=np.bool_)
                wider[: taken.size] = taken
                taken = wider
            fits = not taken[at]
            base = at - labels[first]
            if fits:
                for child in range(first + 1, last):
                    if taken[base + labels[child]]:
                        fits = False
                        missed += 1
                        break
            if fits:
                break
            at += 1
        if missed > PATIENCE:
            low = at
        bases[node] = base
        for child in range(first, last):
            taken[base + labels[child]] = True
        while low < taken.size and taken[low]:
            low += 1
    return bases


@compiled
def find_terms(codes, n, terms, nodes, ends, ids, places):
    """Write the ids of all known terms in ``codes[:n]``; return how many there are.

    First the terms of one and two characters by place, then those of three, then those of four. A cell
    is read for every character and the result kept or overwritten by arithmetic, not by branches: what
    a text holds cannot be guessed, and a wrong guess costs the processor more than the look-up.

    Args:
        codes: uint16; ``codes[n]`` is there and is a break.
        n: How many codes.
        terms: The ``features.TermIndex``.
        nodes: Scratch, int32, shape (n + 1,) or more.
        ends: The same.
        ids: Output, int32, shape (4 * n + 1,) or more.
        places: Output, int32, of the same shape: ``position << 3 | length`` of each; empty to skip.
    """
    found = 0
    waiting = 0
    track = places.size > 0
    ranks, cells, bases = terms
    before = np.int64(0)
    for i in range(n):
        rank = np.int64(ranks[codes[i]])
        node = bases[before] + rank
        value = cells[node, 1]
        known = cells[node, 0] == before
        ids[found] = (value >> 1) - 1
        if track:
            places[found] = (i - 1) << 3 | 2
        found += np.int64(known and value > 1)
        nodes[waiting] = node
        ends[waiting] = i + 1
        waiting += np.int64(known and value & 1 != 0)
        value = cells[rank, 1]
        ids[found] = (value >> 1) - 1
        if track:
            places[found] = i << 3 | 1
        found += np.int64(value > 1)
        before = rank
    for length in range(3, 5):
        begun = waiting
        waiting = 0
        for j in range(begun):
            parent, i = nodes[j], ends[j]
            node = bases[parent] + np.int64(ranks[codes[i]])
            value = cells[node, 1]
            known = cells[node, 0] == parent
            ids[found] = (value >> 1) - 1
            if track:
                places[found] = (i + 1 - length) << 3 | length
            found += np.int64(known and value > 1)
            nodes[waiting] = node
            ends[waiting] = i + 1
            waiting += np.int64(known and value & 1 != 0)
    return found


@njit(inline="always")
def is_outside(scores, routes):
    """Return whether the likeliest domain is the one outside the remit."""
    if routes.outside < 0:
        return False
    outside = routes.slope[routes.outside] * scores[routes.outside] + routes.offset[routes.outside]
    for d in range(routes.slope.size):  # noqa: SIM110 -- numba knows no generators
        if routes.slope[d] * scores[d] + routes.offset[d] > outside:
            return False
    return True


@compiled
def score_texts(raw, starts, chars, terms, linear, routes, scores, route_scores, found_any):
    """Score every text: ``scores[t] = bias + sum(tf(count) * weights[term]) / norm``, damped columns over its root.

    Args:
        raw: Code points of all texts joined, uint32; text t is ``raw[starts[t]:starts[t + 1]]``.
        starts: int64, shape (texts + 1,).
        chars: The ``text.CharTable``.
        terms: The ``features.TermIndex``.
        linear: The ``features.LinearWeights``.
        routes: The ``features.RouteWeights``.
        scores: Output, float64, shape (texts, columns).
        route_scores: Output, float64, shape (texts, routes); NaN where the primary domain is not outside the remit.
        found_any: Output, bool, shape (texts,): whether any known term was found.
    """
    weights, squares, term_frequency, bias, damped_from = linear
    room = most_codes(raw, starts, chars) + 1
    columns = weights.shape[1]
    route_columns = routes.weights.shape[1]
    codes = np.empty(room, dtype=np.uint16)
    nothing = np.empty(0, dtype=np.int32)
    nodes = np.empty(room, dtype=np.int32)
    ends = np.empty(room, dtype=np.int32)
    ids = np.empty(room * 4, dtype=np.int32)
    counts = np.zeros(weights.shape[0], dtype=np.uint8)
    sums = np.empty(columns, dtype=np.float32)
    route_sums = np.empty(route_columns, dtype=np.float32)
    frequencies = np.empty(room * 4 if route_columns else 0, dtype=np.float32)
    top = term_frequency.size - 1
    for t in range(starts.size - 1):
        n = normalise_codes(raw, starts[t], starts[t + 1], chars, codes, nothing)
        codes[n] = BREAK
        found = find_terms(codes, n, terms, nodes, ends, ids, nothing)
        distinct = 0
        for i in range(found):
            term = ids[i]
            count = np.int64(counts[term])
            ids[distinct] = term
            distinct += np.int64(count == 0)
            counts[term] = min(count + 1, top)
            for d in range(0, columns, LINE):
                prefetch(weights, term, d)
        sums[:] = 0
        norm = np.float32(0)
        for i in range(distinct):
            term = ids[i]
            frequency = term_frequency[counts[term]]
            counts[term] = 0
            if route_columns:
                frequencies[i] = frequency
            norm += frequency * frequency * squares[term]
            row = weights[term]
            for d in range(columns):
                sums[d] += frequency * row[d]
        found_any[t] = distinct > 0
        scale = 1.0 / math.sqrt(norm) if norm > 0 else 0.0
        damped = math.sqrt(scale)
        for d in range(bias.size):
            scores[t, d] = bias[d] + (scale if d < damped_from else damped) * sums[d]
        if route_columns == 0:
            continue
        route_scores[t] = np.nan
        if distinct and is_outside(scores[t], routes):
            route_sums[:] = 0
            for i in range(distinct):
                row = routes.weights[ids[i]]
                for d in range(route_columns):
                    route_sums[d] += frequencies[i] * row[d]
            for d in range(route_columns):
                route_scores[t, d] = routes.bias[d] + damped * route_sums[d]


@compiled
def list_keys(codes, n, words, words_held, words_shift, keys):
    """Write the keys of every one- and two-character term and every dictionary word of three or four; return how many.

    ``words`` is a table whose values have bit 0 set where a longer word begins so, bit 1 where it is a word.
    """
    found = 0
    for i in range(n):
        if codes[i] == BREAK:
            continue
        key = np.uint64(codes[i])
        keys[found] = key
        found += 1
        for length in range(2, 5):
            at = i + length - 1
            if at >= n or codes[at] == BREAK:
                break
            key = (key << np.uint64(16)) | np.uint64(codes[at])
            value = look_up(words, words_held, words_shift, key)
            if length == 2 or value & 2:
                keys[found] = key
                found += 1
            if value & 1 == 0:
                break
    return found
