"""The JSON that programs print, against docs/schema."""

import functools
import glob
import json
import os

from .script import ROOT
from .workspace import LabError

DIRECTORY = os.path.join(ROOT, "docs", "schema")
SUFFIX = ".schema.json"


@functools.lru_cache(maxsize=None)
def load():
    """All schemas by the names of their files."""
    schemas = {}
    for path in glob.glob(os.path.join(DIRECTORY, "*" + SUFFIX)):
        with open(path, encoding="utf-8") as file:
            schemas[os.path.basename(path)] = json.load(file)
    return schemas


@functools.lru_cache(maxsize=None)
def _validator(name):
    try:
        import jsonschema
    except ImportError:
        raise LabError("python3-jsonschema is missing; try: ./dev setup") from None
    schema = load()[name + SUFFIX]
    jsonschema.Draft7Validator.check_schema(schema)
    # Debian 12 has no `referencing` yet.
    resolver = jsonschema.RefResolver(name + SUFFIX, schema, store=load())
    return jsonschema.Draft7Validator(schema, resolver=resolver)


def fault(document, name):
    """What in the document does not fit docs/schema/NAME.schema.json, or None."""
    from jsonschema import exceptions
    worst = exceptions.best_match(_validator(name).iter_errors(document))
    return worst and f"{worst.message} at {list(worst.absolute_path)}"


def check(document, name):
    """The document, which must fit."""
    if found := fault(document, name):
        raise LabError(f"this does not fit {name + SUFFIX}: {found}\n{json.dumps(document)[:2000]}")
    return document
