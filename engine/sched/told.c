/* What ops ask, and where they failed; see told.h. */
#include "sched/told.h"

#include <stdio.h>
#include <string.h>

#include "sched/here.h"
#include "weir/pipeline.h"

/* ---- what programs call ---- */

static const weir__told *told_of(const weir_branch *b)
{
    return (const weir__told *)b;
}

weir_branch *weir_here(void)
{
    const weir__here *here = weir__here_top();
    return here != NULL && here->now.told != NULL ? weir__told_branch(here->now.told) : NULL;
}

void *weir_context(const weir_branch *b)
{
    return told_of(b)->context;
}

unsigned weir_worker(const weir_branch *b)
{
    return told_of(b)->worker->index;
}

void *weir_scratch(weir_branch *b)
{
    return told_of(b)->scratch;
}

int weir_stopping(const weir_branch *b)
{
    const weir__told *told = told_of(b);
    if (!weir__run_stopping(told->run))
        return 0;
    /* An op that gives up finds that its worker's next poll fires, so nothing takes its result for a
     * real one. */
    weir__mail_alert(told->run->mail, told->worker->index);
    return 1;
}

int weir_failed_child(weir_branch *b, uint32_t child, int code)
{
    weir__told *told = (weir__told *)b;
    told->failed_child = child;
    told->child_is_named = true;
    return code;
}

/* ---- what wings call ---- */

bool weir__told_hand_out_around(const weir__told *told)
{
    for (weir__told *around = told->around; around != NULL; around = around->around)
        if (around->hand_out != NULL && around->hand_out(around))
            return true;
    return false;
}

/* Is this byte in the middle of a character of UTF-8? */
static bool goes_on(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* Copies the text, and leaves out what does not fit after its first third. */
static void shorten(char *to, size_t room, const char *text)
{
    static const char gap[] = "…";
    const size_t length = strlen(text);
    size_t head = length < room ? length : room / 3;
    if (length < room) {
        memcpy(to, text, length + 1);
        return;
    }
    while (head > 0 && goes_on(text[head]))
        head--;
    const char *tail = text + length - (room - 1 - head - (sizeof gap - 1));
    while (goes_on(*tail))
        tail++;
    WEIR_ASSERT(tail > text + head);
    memcpy(to, text, head);
    memcpy(to + head, gap, sizeof gap - 1);
    memcpy(to + head + sizeof gap - 1, tail, strlen(tail) + 1);
}

void weir__told_place(const weir__told *told, const char *name, int code, weir_error *error)
{
    const weir_error *nested = weir_last_error();
    char path[1024 + sizeof error->where]; /* what a name that is longer has then is left out */
    const bool follows = told->nested_failed && code != 0 && nested->status != WEIR_OK &&
                         (code == (int)nested->status || code == nested->code);
    snprintf(path, sizeof path, "%s%s%s", name, follows ? " > " : "", follows ? nested->where : "");
    shorten(error->where, sizeof error->where, path);
}
