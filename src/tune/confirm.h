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

/*
 * mm_confirm_begin: measure what the queries of a workload cost with the defaults: with
 * these storage parameters, in a copy of that many rows, or in the copy that there is, if
 * that is no smaller or has all rows; where there is no copy (NULL), in the table, with the
 * settings in place.  seed chooses rows.  If timed, costs are times.
 *
 * mm_confirm_ratio: the greatest ratio of its cost to that of the defaults that a
 * configuration may have for the whole table, with a margin for other queries: that with these
 * storage parameters, or with the settings in place.  cost is its ratio in the copy that
 * there was.
 *
 * mm_confirm_end: drop the copy that was made.
 */
extern MMConfirm *mm_confirm_begin(const MMWorkload *workload, MMCopy *copy, const char *parameters,
								   int rows, int seed, bool timed);
extern double mm_confirm_ratio(const MMConfirm *confirm, const char *parameters, double cost);
extern void mm_confirm_end(MMConfirm *confirm);

#endif							/* MM_CONFIRM_H */
