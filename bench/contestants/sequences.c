/* The generator and the reader; see sequences.h. */
#include "sequences.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 1 << 28 };

static bool refuse(const char *file, const char *why)
{
    fprintf(stderr, "wavefront: %s: %s\n", file != NULL ? file : "--size", why);
    return false;
}

/* ---- generated ---- */

static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*state >> 33) % below);
}

static char draw_letter(uint64_t *state)
{
    return "ACGT"[draw(state, 4)];
}

/* Of 100 letters five are other ones, two are missing and two are new. */
static void generate(sequences *s)
{
    uint64_t state = 1;
    const uint32_t length = s->length[0];
    uint32_t from = 0;
    for (uint32_t i = 0; i < length; i++)
        s->letters[0][i] = draw_letter(&state);
    for (uint32_t i = 0; i < length; i++) {
        const uint32_t fate = draw(&state, 100);
        from += fate < 2;
        const bool is_new = fate >= 91 || from >= length;
        s->letters[1][i] = is_new ? draw_letter(&state) : s->letters[0][from];
        from += fate < 98;
    }
}

/* ---- FASTA: a line that begins with > and a name, then lines of letters; ; begins a comment ---- */

static bool append(sequences *s, int which, int letter, size_t *room)
{
    if (s->length[which] == *room) {
        *room = 2 * *room + 4096;
        char *more = *room <= LONGEST ? realloc(s->letters[which], *room) : NULL;
        if (more == NULL)
            return false;
        s->letters[which] = more;
    }
    s->letters[which][s->length[which]++] = (char)toupper(letter);
    return true;
}

static bool read_lines(sequences *s, const char *name, FILE *file)
{
    size_t room[2] = {0, 0};
    int which = -1, c;
    bool at_start = true, skips = false; /* at_start: of a line; skips: to the end of this one */
    while ((c = getc(file)) != EOF) {
        if (at_start)
            skips = c == '>' || c == ';';
        if (at_start && c == '>' && ++which == 2)
            break;
        at_start = c == '\n';
        if (skips || isspace(c))
            continue;
        if (which < 0)
            return refuse(name, "is no FASTA file: it must begin with '>' and a name");
        if (!isgraph(c))
            return refuse(name, "a sequence has a byte that is no letter");
        if (!append(s, which, c, &room[which]))
            return refuse(name, "a sequence is too long, or there is no memory");
    }
    if (ferror(file))
        return refuse(name, "cannot be read");
    return s->length[0] > 0 && s->length[1] > 0
               ? true
               : refuse(name, "must have two sequences, not empty");
}

static bool read_file(sequences *s, const char *name)
{
    FILE *file = fopen(name, "r");
    if (file == NULL)
        return refuse(name, strerror(errno));
    const bool good = read_lines(s, name, file);
    fclose(file);
    return good;
}

/* ---- both ---- */

static bool fill(sequences *s, const char *file, uint64_t most)
{
    if (file != NULL)
        return read_file(s, file);
    if (most == 0 || most > LONGEST)
        return refuse(NULL, "must be the length of both sequences, from 1 to 2^28");
    for (int i = 0; i < 2; i++) {
        s->length[i] = (uint32_t)most;
        s->letters[i] = malloc(most);
        if (s->letters[i] == NULL)
            return refuse(NULL, "no memory");
    }
    generate(s);
    return true;
}

bool sequences_create(sequences *s, const char *file, uint64_t most)
{
    *s = (sequences){{NULL, NULL}, {0, 0}};
    if (!fill(s, file, most)) {
        sequences_destroy(s);
        return false;
    }
    for (int i = 0; i < 2; i++)
        if (most > 0 && s->length[i] > most)
            s->length[i] = (uint32_t)most;
    return true;
}

void sequences_destroy(sequences *s)
{
    free(s->letters[0]);
    free(s->letters[1]);
}
