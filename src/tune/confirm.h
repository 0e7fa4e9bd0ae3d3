/*-------------------------------------------------------------------------
 *
 * confirm.h
 *	  Is a configuration that was good in a copy surely better for the table?
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_CONFIRM_H
#define MM_CONFIRM_H

#include "tune/copy.h"

typedef struct MMConfirm MMConfirm;

/* What was found out about a configuration. */
typedef struct MMConfirmed
{
	double		ratio;			/* of its cost to that of the defaults */
	double		most;			/* that this may be, for other queries and the whole table */
	MMEffort	mean;			/* of the queries */
	double		median_ms;
	double		bytes;			/* of the index; 0: settings */
	double		seconds;		/* to build it */
} MMConfirmed;

/*
 * mm_confirm_begin: measure what queries cost with the defaults: with these storage
 * parameters, in a copy of that many rows, or in the copy that there is, if that is no
 * smaller or has all rows; where there is no copy (NULL), in the table, with the
 * settings in place.  The queries are those of the workload that were held out, and others
 * like those of the workload.  seed chooses rows.  If timed, costs are times.
 *
 * mm_confirm_standard: what that was; its ratios are 1.
 *
 * mm_confirm_try: the same for a configuration: with these storage parameters, or with the
 * settings in place.  cost is its ratio in the copy that there was.
 *
 * mm_confirm_end: drop the copy that was made.
 */
extern MMConfirm *mm_confirm_begin(const MMWorkload *workload, MMCopy *copy, const char *parameters,
								   int rows, int seed, bool timed);
extern const MMConfirmed *mm_confirm_standard(const MMConfirm *confirm);
extern MMConfirmed mm_confirm_try(const MMConfirm *confirm, const char *parameters, double cost);
extern void mm_confirm_end(MMConfirm *confirm);

#endif							/* MM_CONFIRM_H */
