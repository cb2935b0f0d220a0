/* Status codes and the description of the last failure.
 *
 * Every public call that can fail returns a weir_status; the calling thread finds the details in
 * weir_last_error().  The library never prints, never exits and never aborts. */
#ifndef WEIR_STATUS_H
#define WEIR_STATUS_H

/* What the library exports; everything else in it is hidden. */
#define WEIR_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

typedef enum weir_status {
    WEIR_OK = 0,
    WEIR_END = 1,
    WEIR_EINVAL = -1,   /* an argument or a description is wrong; the text names the field */
    WEIR_ENOMEM = -2,   /* the system has no memory left; nothing was lost */
    WEIR_EBUDGET = -3,  /* max_bytes is below what a serial run needs; the text has both numbers */
    WEIR_EOP = -4,      /* an op returned non-zero */
    WEIR_ECANCEL = -5,  /* weir_engine_cancel() was called */
    WEIR_ESYS = -6,     /* threads, hwloc, files */
    WEIR_ERUNTIME = -7, /* the OpenMP runtime in this process is not the one weir was built for */
    WEIR_EBUSY = -8,    /* the engine is running already */
    WEIR_ETIME = -9     /* nothing has happened within the time that the caller would wait */
} weir_status;

typedef struct weir_error {
    weir_status status;
    int code; /* the op's own code with WEIR_EOP; errno with WEIR_ESYS; else 0 */
    /* The branch (like A/B[2]/C[0]; C[0..63] for the range of a leaves op), the task, the layer, the
     * field, the variable or the worker. Where an op has failed since a run did that it had started,
     * the path goes on there: A/B[2] > C. */
    char where[128];
    char text[256]; /* one line for people, without a newline */
} weir_error;

/* The name of a status, like "WEIR_EBUDGET".
 *
 * Returns:  a string that is always there; "unknown status" for a number that is none.
 * Threads:  any. */
WEIR_API const char *weir_status_name(weir_status status);

/* The calling thread's last failure: of a call that had no engine, or of the last run that this
 * thread started.  A call that succeeds leaves it alone, so look at it only after a failure.
 *
 * Returns:  never NULL; status is WEIR_OK while nothing has failed on this thread.
 * Owns:     the library; it stays as it is until this thread's next failure.
 * Threads:  each thread has its own. */
WEIR_API const weir_error *weir_last_error(void);

#ifdef __cplusplus
}
#endif
#endif
