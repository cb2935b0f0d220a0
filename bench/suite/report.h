/* What is shown of the results: tables on the terminal, and one JSON document.
 *
 * The suites hand it every contest once, when it is over.  It must never round away a difference
 * that it prints a verdict on: ratios come from the medians as measured. */
#ifndef WEIR_BENCH_REPORT_H
#define WEIR_BENCH_REPORT_H

#include "json.h"
#include "machine.h"
#include "suite.h"

enum { MOST_FINDINGS = 1024 };

/* One figure that a suite draws from its contests. */
typedef struct finding {
    char name[64], contestant[32], unit[16];
    double value;
} finding;

typedef struct report {
    FILE *json_file; /* NULL: none */
    json json;
    const char *plots; /* directory for charts; NULL: none */
    finding findings[MOST_FINDINGS];
    unsigned findings_count;
} report;

/* Prints the machine and who takes part, and begins the JSON document. */
void report_begin(report *r, const settings *s, const machine *m);
/* Ends it. False if it could not be written. */
bool report_end(report *r);

void report_heading(const char *text);
/* A row for each entry. With a unit, a column of `amount` by seconds. */
void report_contest(report *r, const contest *c, double amount, const char *unit);
/* The JSON part alone, for suites with tables of their own. */
void report_contest_data(report *r, const contest *c);
void report_finding(report *r, const char *name, const char *who, double value, const char *unit);

/* "1.23 ms": four significant figures with a unit; returns text. */
const char *report_seconds(double seconds, char text[24]);
/* "1.50 MiB". */
const char *report_bytes(uint64_t bytes, char text[24]);

#endif
