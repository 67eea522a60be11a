"""The API reference: Markdown of what the public headers declare, by Doxygen's XML. A page for each folder of headers.

The headers have plain comments, which are prose and formulas; they are shown word for word, lines that are indented as code.
"""
import html
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree

COMMENT = re.compile(r"\s*//(?: ?)(.*)")
TRAILING = re.compile(r"(.*?[;,{})]\s*)// (.*)")
ABOUT = {
    "": "The front door: what most programs call",
    "adjoint": "How cotangents go back",
    "check": "Checks for tests of your own",
    "control": "Fields that are driven by data",
    "core": "States, errors, resolutions",
    "ensemble": "Many problems of one field",
    "field": "Vector fields and their vjps",
    "method": "Methods",
    "noise": "Brownian paths and stochastic fields",
    "number": "Arithmetic in which a step is a bijection",
    "problem": "Problems, and what a solve is given and gives",
    "step": "Steps",
    "stepper": "What a stepper is, for those who write one",
}


def documented(text):
    """The header as Doxygen wants it: its comments made documentation. Lines stay where they are."""
    block, lines, skipped = [], [], False
    for line in text.splitlines() + [""]:
        if re.match(r"struct std::", line):  # of a foreign namespace, which Doxygen does not know
            skipped = True
        comment = COMMENT.fullmatch(line)
        if comment:
            block.append(comment.group(1))
            continue
        if block and line.strip() and not line.lstrip().startswith("#"):
            lines.append("/** \\verbatim " + "\n".join(block) + " \\endverbatim */")
        else:  # a heading of a part, or the file's own comment
            lines += [""] * len(block)
        block = []
        trailing = TRAILING.fullmatch(line)
        lines.append("" if skipped else trailing.expand(r"\1/**< \\verbatim \2 \\endverbatim */") if trailing else line)
        if skipped and line.startswith(("};", "struct std::")) and line.rstrip().endswith(";"):
            skipped = False
            if lines[-2:-1] and lines[-2].startswith("template"):
                lines[-2] = ""
    return re.sub(r"^template <[^\n]*>\n(?=\n)", "\n", "\n".join(lines) + "\n", flags=re.MULTILINE)


def run_doxygen(root, work):
    include = os.path.join(root, "include")
    for folder, _, names in os.walk(include):
        for name in names:
            path = os.path.join(folder, name)
            copy = os.path.join(work, os.path.relpath(path, root))
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            with open(path, encoding="utf-8") as source, open(copy, "w", encoding="utf-8") as target:
                target.write(documented(source.read()))
    with open(os.path.join(os.path.dirname(__file__), "Doxyfile"), encoding="utf-8") as file:
        options = file.read() + f'\nINPUT = "{work}/include"\nOUTPUT_DIRECTORY = "{work}"\nSTRIP_FROM_PATH = "{work}/include"\n'
    done = subprocess.run(["doxygen", "-"], input=options, text=True, capture_output=True, check=False)
    if done.returncode or done.stderr.strip():
        raise SystemExit("doxygen:\n" + done.stdout + done.stderr)


def prose(text):
    """Comments as Markdown: paragraphs as they are, what is indented as code."""
    out, code = [], []
    for line in text.splitlines() + [""]:
        if line.startswith("  "):
            code.append(line)
            continue
        if code:
            indent = min(len(each) - len(each.lstrip()) for each in code)
            out += ["", "```text", *(each[indent:] for each in code), "```", ""]
            code = []
        out.append(re.sub(r"([\\`*_\[\]#|~])", r"\\\1", html.escape(line, quote=False)))
    return "\n".join(out).strip() + "\n"


def docs_of(element):
    return "\n".join(text.text.strip("\n ") for text in element.find("detaileddescription").iter("verbatim"))


def flat(element):
    text = "".join(element.itertext()) if element is not None else ""
    return re.sub(r"\s*([<>&*,])\s*", lambda m: {",": ", ", ">": "> ", "<": "<"}.get(m.group(1), m.group(1) + " "), text)


def tidy(code):
    code = re.sub(r"< ", "<", code)
    code = re.sub(r" >", ">", code)
    code = re.sub(r"> (?=::|\(|,|\))", ">", code)
    return re.sub(r" (&+|\.\.\.)(?=\w)", r"\1 ", code)


class Header:
    def __init__(self, root, path):
        self.path = path
        with open(os.path.join(root, "include", path), encoding="utf-8") as file:
            self.lines = file.read().splitlines()

    def about(self):
        taken = []
        for line in self.lines[1:]:
            comment = COMMENT.fullmatch(line)
            if not comment:
                break
            taken.append(comment.group(1))
        return "\n".join(taken)

    def declaration(self, line):
        """The declaration that is on this line (from 1): from its template to what its body begins with."""
        first = line - 1
        while first > 0 and re.match(r"\s*(template|requires|\[\[|(inline|constexpr|consteval|ANTISTROPHE_\w+)\s*$)",
                                     self.lines[first - 1]):
            first -= 1
        text, depth = "", 0
        for row in self.lines[first:first + 40]:
            row = re.sub(r"\s*//.*", "", row)
            for place, character in enumerate(row):
                depth += (character in "(") - (character in ")")
                if depth == 0 and character in "{;":
                    return (text + row[:place]).rstrip()
            text += row + "\n"
        return text.rstrip()


def member(element):
    """A member as a line of the declaration of its class, with its comment."""
    kind, name = element.get("kind"), element.findtext("name")
    if kind == "typedef":
        line = f"using {name} = {flat(element.find('type'))}"
    else:
        static = "static " if element.get("static") == "yes" else ""
        line = f"{static}{flat(element.find('type'))} {name}{element.findtext('argsstring') or ''}"
        if kind == "variable" and element.find("initializer") is not None:
            value = flat(element.find("initializer")).strip()
            line += f" {value}" if value.startswith("=") else value
    line = tidy(re.sub(r"\s+", " ", line).strip()) + ";"
    comment = docs_of(element)
    if comment and "\n" not in comment and len(line) + len(comment) < 110:
        return f"  {line}  // {comment}\n"
    return "".join(f"  // {row}".rstrip() + "\n" for row in comment.splitlines()) + f"  {line}\n"


def shown(element):
    """Whether a member is for users: what steppers and adjoints have for each other is not."""
    name = element.findtext("name")
    if element.get("prot") != "public" or name.startswith(("operator=", "~", "@")) or name.endswith("_"):
        return False
    if element.get("kind") == "typedef":
        return "detail::" not in flat(element.find("type"))
    text = flat(element.find("type")) + (element.findtext("argsstring") or "")
    return "detail::" not in text and "=delete" not in text


def entities(xml):
    """(file, line, kind, name, element) of all that stands in the namespace."""
    for path in sorted(os.listdir(xml)):
        if not re.match(r"(namespaceantistrophe|(struct|class|concept)antistrophe)", path):
            continue
        compound = ElementTree.parse(os.path.join(xml, path)).getroot().find("compounddef")
        kind, name = compound.get("kind"), compound.findtext("compoundname")
        if kind == "namespace":
            if name not in ("antistrophe", "antistrophe::tableau"):
                continue
            for element in compound.iter("memberdef"):
                place = element.find("location")
                yield place.get("file"), int(place.get("line")), element.get("kind"), element.findtext("name"), element
            continue
        short = name.removeprefix("antistrophe::").removeprefix("tableau::")
        if "detail" in name or "::" in short or "<" in short:
            continue
        place = compound.find("location")
        yield place.get("file"), int(place.get("line")), kind, short, compound


def entry(header, line, kind, element):
    declaration = header.declaration(line)
    text = docs_of(element)
    if kind in ("struct", "class"):
        members = "".join(member(each) for each in element.iter("memberdef") if shown(each))
        return declaration + (" {\n" + members + "};" if members else ";"), text
    if kind == "enum":
        values = "".join(
            f"  {each.findtext('name')},".ljust(26) + ("// " + docs_of(each) if docs_of(each) else "").rstrip() + "\n"
            for each in element.findall("enumvalue"))
        return declaration + " {\n" + values + "};", text
    return declaration + ";", text


def wanted(kind, name, element):
    if kind == "function":
        arguments = element.findall("param")
        unnamed = arguments and not any(each.findtext("declname") for each in arguments)
        return not (unnamed or name.startswith("operator") or "detail::" in (element.findtext("argsstring") or ""))
    return kind in ("struct", "class", "concept", "enum", "typedef", "variable")


def pages(root, work):
    """(path, Markdown) of each page of the reference."""
    run_doxygen(root, work)
    headers = {}
    for path, line, kind, name, element in entities(os.path.join(work, "xml")):
        if wanted(kind, name, element):
            headers.setdefault(path, []).append((line, kind, name, element))
    folders = {}
    for path in sorted(headers):
        folders.setdefault(path.removeprefix("antistrophe/").rpartition("/")[0].partition("/")[0], []).append(path)

    index = "# API\n\nWhat the public headers declare, folder by folder, with their own comments. [Reference](../reference.md) has the "
    index += "members of what calls take and give, by topic.\n\n| | | |\n|---|---|---|\n"
    for folder, paths in sorted(folders.items()):
        page, title = (folder or "antistrophe") + ".md", folder + "/" if folder else "antistrophe/"
        names = []
        text = f"---\nsearch:\n  boost: 0.5\n---\n# {title}\n\n{ABOUT.get(folder, '')}.\n"
        for path in paths:
            header = Header(root, path)
            text += f"\n## {path.removeprefix('antistrophe/')}\n\n```cpp\n#include <{path}>\n```\n\n" + prose(header.about())
            done = {}
            for line, kind, name, element in sorted(headers[path], key=lambda each: each[0]):
                code, comment = entry(header, line, kind, element)
                done.setdefault(name, []).append((code, comment))
            for name, forms in done.items():
                names.append(name)
                text += f"\n### {name}\n\n" + "".join(prose(comment) + "\n" for _, comment in forms if comment)
                text += "```cpp\n" + "\n".join(dict.fromkeys(code for code, _ in forms)) + "\n```\n"
        index += f"| [{title}]({page}) | {ABOUT.get(folder, '')} | {', '.join(f'`{name}`' for name in names[:12])}"
        index += (", …" if len(names) > 12 else "") + " |\n"
        yield "api/" + page, text
    yield "api/index.md", index
