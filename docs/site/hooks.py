"""What the site has beside docs/*.md: the API reference, and a page for each file of the project that a page links to."""
import os
import posixpath
import re
import shutil
import sys

from mkdocs.structure.files import File

sys.path.insert(0, os.path.dirname(__file__))
import api  # noqa: E402

ROOT = os.path.normpath(os.path.join(os.path.dirname(__file__), "..", ".."))
LINK = re.compile(r"(?<=\]\()(\.\./)+([^)#\s]*)(#[^)\s]*)?(?=\))")
HIDDEN = re.compile(r"^<!-- program: .*?-->\n", re.MULTILINE | re.DOTALL)  # for the compiler alone (tests/docs)
LANGUAGES = {".cpp": "cpp", ".hpp": "cpp", ".cmake": "cmake", ".py": "python", ".txt": "text", ".csv": "text"}
NO_SEARCH = "---\nsearch:\n  exclude: true\n---\n"  # sources would drown what pages say


def source_page(path):
    """Where the site has this file or folder of the project: in docs, or a page of its own."""
    if path.startswith("docs/"):
        return path[len("docs/"):]
    return "source/" + (path if path.endswith(".md") else path + ".md")


def with_four_spaces(text):
    """What stands in a list, as Python-Markdown wants it: by four spaces."""
    text = re.sub(r"^( {2}|( {3}))(?=(- |\S|```))(?! )", "    ", text, flags=re.MULTILINE)
    return text


INDEX = re.compile(r"(?<=[^\W_]|[\u0300-\u036f\]])_(\{[^}]*\}|[a-zA-Zα-ωΑ-Ω0-9]{1,2}(?![a-zA-Z0-9_`]))")
EXPONENT = re.compile(r"(?<=[\w\u0300-\u036f)‖])\^(\{[^}]*\}|\([^)]*\)|[a-zA-Z0-9]+)")
CODE = re.compile(r"(```.*?```|``.*?``|`[^`\n]*`|\]\([^)]*\)|</?(?:p|br)\b[^>\n]*>)", re.DOTALL)


def with_indices(text):
    """x_i and e^{hJ} as they are on paper, but for code and links."""
    parts = CODE.split(text)
    for i in range(0, len(parts), 2):
        parts[i] = INDEX.sub(lambda m: f"<sub>{m.group(1).strip('{}')}</sub>", parts[i])
        parts[i] = EXPONENT.sub(lambda m: f"<sup>{m.group(1).strip('{}()')}</sup>", parts[i])
    return "".join(parts)


NUMBER = re.compile(r"(?<![\w.])(?:\d{1,3}(?: \d{3})+|\d+(?:\.\d+)?e-\d+)(?![\w.]*\w)")


def with_whole_numbers(text):
    """12 400 and 4.2e-4 are not broken at the end of a line, but in code, links and headings."""
    parts = CODE.split(text)
    for i in range(0, len(parts), 2):
        lines = parts[i].split("\n")
        parts[i] = "\n".join(line if line.startswith("#") else NUMBER.sub(r'<span class="number">\g<0></span>', line)
                             for line in lines)
    return "".join(parts)


def with_formulas(text):
    """A paragraph that is indented is a formula, line by line."""
    out, in_list, in_code = [], False, False
    for block in re.split(r"(\n{2,})", text):
        lines = block.split("\n")
        if block.strip() and not in_code and not in_list and all(re.match(r" {2,}\S", line) for line in lines if line):
            block = '<p class="formula" markdown="span">' + "<br>".join(line.strip() for line in lines if line) + "</p>"
        elif block.strip():
            in_code ^= block.count("```") % 2 == 1
            in_list = bool(re.match(r"(- |\d+\. )", block)) or (in_list and block.startswith(" "))
        out.append(block)
    return "".join(out)


def linked(text):
    return {path.rstrip("/") for _, path, _ in LINK.findall(text)}


def page_of(path):
    """The Markdown of a page for a file or folder of the project."""
    full = os.path.join(ROOT, path)
    if os.path.isdir(full):
        names = sorted(os.listdir(full))
        return f"# {path}/\n\n" + "".join(f"- `{name}`\n" for name in names)
    with open(full, encoding="utf-8") as file:
        text = file.read()
    if path.endswith(".md"):
        here = posixpath.dirname(path)

        def from_here(match):
            target, anchor = match.group(1), match.group(2) or ""
            if "://" in target or not target:
                return match.group(0)
            page = source_page(posixpath.normpath(posixpath.join(here, target)))
            return "](" + posixpath.relpath(page, posixpath.dirname(source_page(path))) + anchor + ")"

        return re.sub(r"(?<=[\w`])\]\(([^)#\s]*)(#[^)\s]*)?\)", from_here, text)
    language = LANGUAGES.get(os.path.splitext(path)[1], "bash")
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return NO_SEARCH + f"# {path}\n\n{fence}{language}\n{text}\n{fence}\n"


def on_files(files, config):
    wanted = {"CONTRIBUTING.md", "CHANGELOG.md"}
    for file in files.documentation_pages():
        with open(file.abs_src_path, encoding="utf-8") as page:
            wanted |= linked(page.read())
    with open(os.path.join(ROOT, "docs", "gallery.md"), encoding="utf-8") as gallery:
        shown = linked(gallery.read()) | {"examples/quickstart.cpp"}
    for name in sorted(os.listdir(os.path.join(ROOT, "examples"))):
        if name.endswith(".cpp") and "examples/" + name not in shown:
            raise SystemExit(f"docs/gallery.md does not show examples/{name}")
    for path in list(wanted):
        if path.endswith(".md"):
            with open(os.path.join(ROOT, path), encoding="utf-8") as page:
                links = re.findall(r"\w`?\]\(([^)#\s:]+)[#)]", page.read())  # and no lambdas
                wanted |= {posixpath.normpath(posixpath.join(posixpath.dirname(path), link)) for link in links}
    for path in sorted(path for path in wanted if not path.startswith("docs/")):
        if not os.path.exists(os.path.join(ROOT, path)):
            raise SystemExit(f"a page links to {path}, which is not there")
        files.append(File.generated(config, source_page(path), content=page_of(path)))
    for name in ("site.css", "iframe-worker.js"):
        files.append(File.generated(config, "assets/" + name, abs_src_path=os.path.join(os.path.dirname(__file__), name)))
    work = os.path.join(os.path.dirname(config.site_dir), "doxygen")
    shutil.rmtree(work, ignore_errors=True)
    for path, content in api.pages(ROOT, work):
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown, page, config, files):
    uri = page.file.src_uri
    if uri.startswith("api/"):
        return markdown
    markdown = HIDDEN.sub("", markdown)
    if uri.startswith("source/"):
        return with_four_spaces(markdown) if uri == "source/CONTRIBUTING.md" else markdown
    markdown = with_whole_numbers(with_indices(with_formulas(markdown)))
    return LINK.sub(lambda link: source_page(link.group(2).rstrip("/")) + (link.group(3) or ""), markdown)


def on_page_content(html, page, config, files):
    """A picture is a link to itself: on a phone its words are too small to read, until it is alone and drawn apart."""
    return re.sub(r'(?<!">)(<img [^>]*\bsrc="([^"]+)"[^>]*>)', r'<a href="\2" title="the picture alone">\1</a>', html)
