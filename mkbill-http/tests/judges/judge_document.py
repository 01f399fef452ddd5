"""A validator of OpenAPI 3.1 reads the committed document."""

import json
import sys

from judge import check
from openapi_spec_validator import OpenAPIV31SpecValidator

with open(sys.argv[1], encoding="utf-8") as file:
    document = json.load(file)

with check("the document says that it is OpenAPI 3.1"):
    assert document["openapi"].startswith("3.1."), document["openapi"]

with check("the document is valid"):
    OpenAPIV31SpecValidator(document).validate()

with check("every operation can fail in ways that are described"):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["summary"] and operation["operationId"], (method, path)
            for status, response in operation["responses"].items():
                assert response["description"], (method, path, status)
