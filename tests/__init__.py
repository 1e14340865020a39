from tests import shape_checks as shape_checks  # there before the first module of lddu is checked by it
