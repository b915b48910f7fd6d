// The hook's pure functions under ASan and UBSan: `make check`. With `scan` as an argument it reads
// lines of hexadecimal text and says what the grammar sees in each; a test compares that with
// src/base/placeholder.ts.
#include "unit.h"

#include <string.h>

#include "../../test/check.h"

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "scan") == 0) return scan_lines();
    test_grammar();
    test_survey();
    test_lacking();
    test_vectors();
    test_names();
    test_exposures();
    test_answers();
    test_left_as_text();
    test_value_files();
    test_close_all();
    test_spawn_files();
    test_requests();
    test_programs();
    test_symbols();
    return report_checks("hook unit test");
}
