"""Writes random patterns, texts, and what Python's re makes of them: python.py SEED NUMBER >python.jsonl"""
import json
import random
import re
import sys
import warnings

warnings.simplefilter("ignore")
seed, number = int(sys.argv[1]), int(sys.argv[2])
rnd = random.Random(seed)

ATOMS = r"a b c A B _ 0 1 . - é É ß ſ s S k \u212a i İ ı \n ^ $ \b \B \A \Z \d \D \w \W \s \S [abc] [^a] [a-c] [A-C0-9] [\w-] [^\d] []a] [^]a] [a-] [\]b] \. \x41 \u00e9 \101 \0 [\b] { } ] a{ {, \- # [^\W_] [\s\S] µ μ Σ ς σ".split(" ") + [" ", "\n"]
TIMES = [""] * 6 + "* + ? *? +? ?? {2} {1,2} {0,1} {,2} {1,} {2,}? *+ ++ ?+ {1,2}+ {0} {,} {2,1}".split(" ")
ODD = ["(?#x)", "(", "[", "\\", "(?P<x", "\\q", "(?i)", "\\8", "\\777", "\\12", "()", "(?:)", "|"]
CHARS = "aabbccABC_01. -\néÉßſsSkK\u212aiIİıµμΣςσ#{}]"


class Groups:
    def __init__(self):
        self.count, self.names = 0, []


def part(depth, groups):
    kind = rnd.random()
    if depth <= 0 or kind < 0.45:
        text = rnd.choice(ATOMS)
    elif kind < 0.55:
        groups.count += 1
        text = "(" + either(depth - 1, groups) + ")"
    elif kind < 0.60:
        groups.count += 1
        name = f"n{groups.count}"
        groups.names.append(name)
        text = f"(?P<{name}>" + either(depth - 1, groups) + ")"
    elif kind < 0.70:
        text = "(?:" + either(depth - 1, groups) + ")"
    elif kind < 0.75:
        text = rnd.choice(["(?=", "(?!", "(?<=", "(?<!"]) + either(depth - 1, groups) + ")"
    elif kind < 0.79:
        text = "(?>" + either(depth - 1, groups) + ")"
    elif kind < 0.83:
        text = "(?" + rnd.choice(["i", "m", "s", "x", "a", "i-s", "-i", "im-x", "u"]) + ":" + either(depth - 1, groups) + ")"
    elif kind < 0.90:
        text = f"\\{rnd.randint(1, 3)}"
    elif kind < 0.93 and groups.names:
        text = f"(?P={rnd.choice(groups.names)})"
    elif kind < 0.97:
        text = f"(?({rnd.choice(['1', '2'] + groups.names)})" + sequence(depth - 1, groups)
        text += rnd.choice(["", "|" + sequence(depth - 1, groups)]) + ")"
    else:
        text = rnd.choice(ODD)
    return text + rnd.choice(TIMES)


def sequence(depth, groups):
    return "".join(part(depth, groups) for _ in range(rnd.randint(0, 3)))


def either(depth, groups):
    return "|".join(sequence(depth, groups) for _ in range(rnd.choice([1, 1, 1, 2, 3])))


def spans(match, pattern):
    return [list(match.span(n)) for n in range(pattern.groups + 1)]


while number > 0:
    pattern = rnd.choice([""] * 4 + ["(?i)", "(?m)", "(?s)", "(?x)", "(?ims)"]) + either(3, Groups())
    flags = rnd.choice([0, 0, 0, re.I, re.M, re.S])
    text = "".join(rnd.choice(CHARS if rnd.random() < 0.6 else "aab") for _ in range(rnd.randint(0, 9)))
    case = {"pattern": pattern, "text": text, "fold": flags == re.I, "multiline": flags == re.M, "dotall": flags == re.S}
    try:
        compiled = re.compile(pattern, flags)
        case["all"] = [spans(m, compiled) for m in compiled.finditer(text)]
        whole = compiled.fullmatch(text)
        case["whole"] = spans(whole, compiled) if whole else None
    except (re.error, RecursionError, OverflowError):
        case["wrong"] = True
    except SystemError:
        continue  # a bug of re, as it says itself
    if len(pattern) <= 60:
        number -= 1
        print(json.dumps(case))
