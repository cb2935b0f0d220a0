/* What weir's depth-first loop is made of: frames, the stack of them, the poll, and the steps.
 *
 * weir/inline.h compiles the loop into programs, engine/pipeline/ into the library, and both work
 * on the same records. So header and library must be of one version. A program must never include
 * this header itself, nor use what is called weir__: that may change with every version.
 *
 * Some fields are shared between threads. C++ must be able to read this header, and has no _Atomic:
 * so such a field is a plain integer that says "atomic", and is touched by the compiler's __atomic
 * builtins only. Where the library has the word as an _Atomic, it checks that both are of one size
 * (engine/sched/mail.c). */
#ifndef WEIR_DETAIL_LOOP_H
#define WEIR_DETAIL_LOOP_H

#include "weir/pipeline.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR__ALWAYS_INLINE static inline __attribute__((always_inline))
#define WEIR__COLD          __attribute__((cold))

/* An open inner branch, or a part of one: then input and results are those of the branch it was cut
 * from, and the part's own end is its count. Which child of its parent it is, parent->next - 1 says
 * until it is gathered.
 * Invariant: next <= end <= count; children [next, end) are this worker's to run. */
typedef struct weir__frame {
    /* The same for every branch that has its frame in this place of a stack. */
    const struct weir__layer *layer;
    struct weir__frame *parent; /* below it on this stack, or for a part that of the branch */
    char *in;
    char *results;
    union {
        char *above;    /* where the child's frame or input slot is */
        uint64_t token; /* once it is left to a gather task: what lets that one run */
    };

    char *out;      /* its own result's slot; unused in a part */
    uint32_t next;  /* first child not yet begun */
    uint32_t end;   /* children from here on are somebody else's, or do not exist */
    uint32_t count; /* children of the branch */
    uint32_t parts; /* that are out. Atomic; 0 when the frame is opened, and when gathered */
} weir__frame;

/* What a loop is, which it says when weir_plan_compile() calls it with a weir_loop that has no
 * frame. This record and the first two fields of weir_loop, by which the loop finds it, are the
 * same in all versions, for ever, and get no more fields: so every library can ask every loop. */
typedef struct weir__probe {
    uint64_t abi;                    /* WEIR__LOOP_ABI; 0 until the loop answers */
    const weir_layer *layer, *child; /* for which it is compiled */
} weir__probe;

/* A stack of frames that one worker runs. */
struct weir_loop {
    /* For ever as they are. */
    union {
        weir_branch *branch; /* for the ops */
        weir__probe *probe;  /* without a frame: the loop fills it in, and does nothing else */
    };
    weir__frame *frame; /* the topmost, or NULL */

    weir__frame *join_frame; /* the topmost that had parts out when last seen, or the lowest */
    char *fresh;             /* frames from here on have not been in use: they are blank */
    uint32_t depth;          /* of one that began there: branches on the path from the top */
    int has_older;           /* 0: no frame below the topmost has children remaining */
    uint32_t polls;          /* until a request is handled, the one that fires included */
    const int *signal; /* what others want of this worker. Atomic; see weir__loop_may_go_on() */
    uint64_t branches; /* children of the frames that were gathered */
};

/* By what a library knows that a loop was compiled with its own version of this header: a number,
 * and the sizes of the records.
 *
 * Raise the number with every change of what the program's and the library's half of the loop must
 * agree on: fields, constants, what a function of this header does, or relies on. The sizes are
 * there for a change whose author forgot. */
#define WEIR__LOOP_NUMBER 1
#define WEIR__LOOP_ABI                                                                             \
    ((uint64_t)WEIR__LOOP_NUMBER << 32 | (uint64_t)sizeof(weir__frame) << 16 |                     \
     (uint64_t)sizeof(struct weir_loop))

/* What others want of a worker: that it runs on, that it hands out work, or that it looks at once. */
#define WEIR__RUN     1
#define WEIR__REQUEST 0
#define WEIR__NOW     (-1)

/* The poll before each op that begins a child or gathers: may the worker go on? If not, the poll has
 * fired, and so do all others until what it is about has been handled. */
WEIR__ALWAYS_INLINE int weir__loop_may_go_on(weir_loop *loop)
{
    const int signal = __atomic_load_n(loop->signal, __ATOMIC_RELAXED);
    if (__builtin_expect(signal > WEIR__REQUEST, 1))
        return 1;
    if (loop->polls <= 1 || signal < WEIR__REQUEST)
        return 0;
    loop->polls--;
    return 1;
}

/* An op of the child of f that f->next has just passed failed; stops the run. */
WEIR_API WEIR__COLD void weir__loop_fail(weir_loop *loop, const weir__frame *f, const char *op,
                                         int code);
/* That child has more children than its layer's fanout; stops the run. */
WEIR_API WEIR__COLD void weir__loop_fail_count(weir_loop *loop, const weir__frame *f, uint32_t n);
/* Fills in the blank frame above f. Returns 0 if f may have no children: then the run stops. */
WEIR_API WEIR__COLD int weir__loop_deepen(weir_loop *loop, weir__frame *f);

/* Puts a frame for the child that f->next has just passed, which has n children, on top of f.
 * Returns it, or NULL on failure. */
WEIR__ALWAYS_INLINE weir__frame *weir__loop_open(weir_loop *loop, weir__frame *f,
                                                 const weir_layer *layer, uint32_t n, char *out)
{
    weir__frame *child = (weir__frame *)(void *)f->above;
    if (n > layer->fanout) {
        weir__loop_fail_count(loop, f, n);
        return NULL;
    }
    if (f->above >= loop->fresh && !weir__loop_deepen(loop, f))
        return NULL;
    child->next = 0;
    child->end = n;
    child->count = n;
    child->out = out;
    return child;
}

/* Runs children of f: leaves one after another, until the poll fires, none remains, or one turns
 * out to be inner. Returns the frame to go on with, or NULL on failure. */
WEIR__ALWAYS_INLINE weir__frame *weir__loop_children(weir_loop *loop, weir__frame *f,
                                                     const weir_layer *layer,
                                                     const weir_layer *child)
{
    weir_branch *b = loop->branch;
    char *in = f->above + (child->fanout != 0 ? sizeof *f : 0);
    char *out = f->results + (size_t)f->next * child->out_bytes;
    const uint32_t end = f->end;
    uint32_t i = f->next;
    do {
        const char *op = "input's split";
        uint32_t n = child->fanout;
        int code = layer->split(b, f->in, i++, in);
        if (child->count != NULL && code == 0) {
            op = "count";
            code = child->count(b, in, &n);
        }
        if (n != 0 && code == 0) {
            f->next = i;
            if (i != end)
                loop->has_older = 1;
            return weir__loop_open(loop, f, child, n, out);
        }
        if (code == 0) {
            op = child->leaf != NULL ? "leaf" : "gather";
            code =
                child->leaf != NULL ? child->leaf(b, in, out) : child->gather(b, in, NULL, 0, out);
        }
        if (__builtin_expect(code != 0, 0)) {
            f->next = i;
            weir__loop_fail(loop, f, op, code);
            return NULL;
        }
        out += child->out_bytes;
    } while (i != end && weir__loop_may_go_on(loop));
    f->next = i;
    return f;
}

/* Gathers f into its slot, and counts its children. */
WEIR__ALWAYS_INLINE void weir__loop_gather(weir_loop *loop, const weir__frame *f,
                                           const weir_layer *layer)
{
    const int code = layer->gather(loop->branch, f->in, f->results, f->count, f->out);
    loop->branches += f->count;
    if (code != 0)
        weir__loop_fail(loop, f->parent, "gather", code);
}

/* From loop->frame, which is of this layer and has children remaining or can be gathered, until the
 * poll fires or the topmost frame is of another layer or cannot be gathered yet. */
WEIR__ALWAYS_INLINE void weir__loop_layer(weir_loop *loop, const weir_layer *layer,
                                          const weir_layer *child)
{
    weir__frame *f = loop->frame;
    const struct weir__layer *own = f->layer;
    do {
        if (f->next != f->end) {
            weir__frame *top = weir__loop_children(loop, f, layer, child);
            if (top == NULL)
                break;
            f = top;
            if (child != layer && f->layer != own)
                break;
        } else {
            weir__loop_gather(loop, f, layer);
            f = f->parent;
            if (f->layer != own)
                break;
        }
    } while ((f->next != f->end || f != loop->join_frame) && weir__loop_may_go_on(loop));
    loop->frame = f;
}

#ifdef __cplusplus
}
#endif
#endif
