/* Regular expressions by the C library, with the errors that it hides.
 *
 * top_parse.c calls it, each job with a pattern of its own.  It must never leave a pattern of
 * another dialect to count something else than its writer meant. */
#include "top_pattern.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

/* --- other dialects -------------------------------------------------------------------------- */

typedef struct mistake {
    const char *form, *advice;
} mistake;

/* A backslash before a letter or a digit; what the C library knows is not here: \w \W \s \S \b \B
 * and \1 to \9. */
static const mistake escapes[] = {
    {"d", "a digit is [0-9]"},
    {"D", "no digit is [^0-9]"},
    {"h", "a blank is [[:blank:]]"},
    {"t", "a tab is [[:blank:]], or itself"},
    {"A", "the line's begin is ^"},
    {"z", "the line's end is $"},
    {"Z", "the line's end is $"},
    {"p", "a letter is [[:alpha:]]"},
    {"P", "no letter is [^[:alpha:]]"},
    {"Q", "each special character is quoted by a \\ of its own"},
    {"n", "lines are matched one by one, without their ends"},
    {"r", "lines are matched one by one, without their ends"},
    {"K", "what is to be counted goes into (…)"},
    {"", "it is no special character of POSIX; without the \\ it is itself"},
};

/* Behind "(?"; the last fits all others. */
static const mistake groups[] = {
    {":", "write (…): the first group is what is counted"},
    {"=", "there is no look-ahead; match what stands there, and group what is to be counted"},
    {"!", "there is no look-ahead; match what stands there, and group what is to be counted"},
    {"<=", "there is no look-behind; match what stands there, and group what is to be counted"},
    {"<!", "there is no look-behind; match what stands there, and group what is to be counted"},
    {"<", "groups have no names; write (…)"},
    {"P<", "groups have no names; write (…)"},
    {"i", "there are no options; either case is [aA]"},
    {"", "there are no options; write (…) for a group"},
};

static const char *find_advice(const mistake *table, const char *text)
{
    while (table->form[0] && strncmp(text, table->form, strlen(table->form)) != 0)
        table++;
    return table->advice;
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Is there a ']' that closes nothing? */
static bool is_closed_again(const char *at)
{
    for (; *at && *at != '['; at++) {
        if (*at == ']')
            return true;
        at += at[0] == '\\' && at[1];
    }
    return false;
}

/* Inside brackets a backslash is itself: so none of these is what it is elsewhere. */
static const char *advise_bracket(const char *at, bool is_last)
{
    if (is_last && is_closed_again(at + 2))
        return "inside [ ] a \\ is itself, and a ] stands first: []…] or [^]…]";
    if (at[1] == 'd')
        return "inside [ ] a \\ is itself; a digit is 0-9";
    if (at[1] == 'w')
        return "inside [ ] a \\ is itself; a letter, digit or _ is [:alnum:]_";
    if (at[1] == 's')
        return "inside [ ] a \\ is itself; white space is [:space:]";
    if (is_word(at[1]))
        return "inside [ ] a \\ is itself";
    return at[1] == '-' && !is_last && at[2] != ']' ? "inside [ ] a - stands last: [a-z0-9-]"
                                                    : NULL;
}

/* From behind a '[' to its ']'; classes like [:alpha:] in it have brackets of their own.
 * Returns: the ']', or the end of the text. */
static const char *scan_bracket(const char *at, const char **where, const char **advice)
{
    const char *begin = at;
    at += *at == '^';
    at += *at == ']';
    for (; *at && *at != ']'; at++) {
        if (at[0] == '[' && at[1] && strchr(":.=", at[1])) {
            const char end[] = {at[1], ']', '\0'}, *closed = strstr(at + 2, end);
            at = closed ? closed + 1 : at;
        } else if (at[0] == '\\' && !*advice) {
            *advice = advise_bracket(at, at[1] == ']');
            *where = at;
        }
    }
    if (*begin == ':' && at - begin > 2 && at[-1] == ':' && *at && !*advice) {
        *advice = "a class stands inside brackets of its own: [[:alpha:]]";
        *where = begin - 1;
    }
    return at;
}

/* A quantifier behind another one. */
static const char *advise_repetition(char c)
{
    return c == '?'   ? "no repetition is lazy; match what may be skipped, like [^\"]*"
           : c == '+' ? "no repetition is possessive; one * or + is enough"
                      : NULL;
}

/* From a '{' to the '}' of a repetition like {2,3}; where it begins none it is itself. */
static const char *scan_interval(const char *at)
{
    const char *end = at + 1 + strspn(at + 1, "0123456789,");
    return end > at + 1 && *end == '}' ? end : at;
}

/* Returns: what would be right, or NULL, and where it is wrong. */
static const char *find_mistake(const char *text, const char **where)
{
    const char *advice = NULL;
    bool repeated = false; /* a quantifier stands before */
    for (const char *at = text; *at && !advice; at += *at != '\0') {
        const char c = *at;
        *where = repeated ? at - 1 : at;
        if (c == '[')
            at = scan_bracket(at + 1, where, &advice);
        else if (c == '{')
            at = scan_interval(at);
        else if (c == '\\' && is_word(at[1]) && !strchr("wWsSbB123456789", at[1]))
            advice = find_advice(escapes, at + 1);
        else if (c == '(' && at[1] == '?')
            advice = find_advice(groups, at + 2);
        else if (repeated)
            advice = advise_repetition(c);
        repeated = (strchr("*+?", c) || (c == '{' && *at == '}')) && at > text;
        at += c == '\\' && at[1];
    }
    return advice;
}

/* --- open and close -------------------------------------------------------------------------- */

/* Patterns match bytes, not the characters of somebody's locale: a log has no one encoding, and the
 * answer is to be the same everywhere. */
static int compile(regex_t *regex, const char *pattern)
{
    const locale_t bytes = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (bytes == (locale_t)0)
        return REG_ESPACE;
    const locale_t before = uselocale(bytes);
    const int wrong = regcomp(regex, pattern, REG_EXTENDED);
    uselocale(before);
    freelocale(bytes);
    return wrong;
}

bool top_pattern_open(top_pattern *p, const char *text, char error[TOP_PATTERN_ERROR_BYTES])
{
    const char *where = text;
    if (strlen(text) > TOP_PATTERN_MOST) { /* the C library's recursion over it has no limit */
        snprintf(error, TOP_PATTERN_ERROR_BYTES, "it is longer than %d bytes", TOP_PATTERN_MOST);
        return false;
    }
    const char *advice = find_mistake(text, &where);
    if (advice) {
        int shown = 0;
        while (shown < 4 && where[shown] > ' ' && where[shown] <= '~')
            shown++;
        snprintf(error, TOP_PATTERN_ERROR_BYTES, "'%.*s' is not POSIX extended: %s", shown, where,
                 advice);
        return false;
    }
    const int wrong = compile(&p->regex, text);
    if (wrong) {
        regerror(wrong, &p->regex, error, TOP_PATTERN_ERROR_BYTES);
        return false;
    }
    p->group = p->regex.re_nsub > 0;
    p->regex.regs_allocated = REGS_FIXED; /* those of top_pattern_find() */
    return true;
}

void top_pattern_close(top_pattern *p)
{
    regfree(&p->regex);
}

/* --- matching -------------------------------------------------------------------------------- */

/* Not regexec(), which in the GNU C library answers every error as if nothing matched; re_search(),
 * on which it stands, tells them apart, and takes a line with its length. */
top_match top_pattern_find(top_pattern *p, const char *line, size_t length, size_t *at,
                           size_t *key_length)
{
    enum { KEPT = 2, ERROR = -2 };
    regoff_t begins[KEPT], ends[KEPT];
    struct re_registers found = {.num_regs = KEPT, .start = begins, .end = ends};
    const regoff_t size = (regoff_t)length;
    const regoff_t match = re_search(&p->regex, line, size, 0, size, &found);
    if (match <= ERROR)
        return TOP_MATCH_FAILED;
    if (match < 0 || begins[p->group] < 0)
        return TOP_MATCHES_NOT;
    *at = (size_t)begins[p->group];
    *key_length = (size_t)(ends[p->group] - begins[p->group]);
    return TOP_MATCHES;
}
