/*-------------------------------------------------------------------------
 *
 * record.h
 *	  What kind of query a plan with weighted sums is, for the statistics of
 *	  queries.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_RECORD_H
#define MM_RECORD_H

#include "plan/plan.h"
#include "stats/track.h"

/*
 * A plan, and the sums of its drivers, which have begun, over the columns of an index.
 */
typedef struct MMRecorded
{
	const MMScanPlan *plan;
	MMSumState *const *sums;
	const MMColumns *columns;
} MMRecorded;

/*
 * mm_record_flags: the flags of the class that are the same whatever the values are.
 * quals are the query's conditions, with or without those on distances.
 *
 * mm_record_class: what call has of the class that values decide, its k, radius and
 * factors (into first_factors, which has room for MM_MAX_COLUMNS).  k is 0 if it is not
 * known.
 *
 * mm_record_object: the query object (see MMSearchCall), of those values that are the
 * query's own.
 */
extern uint8 mm_record_flags(const MMScanPlan *plan, const List *quals);
extern void mm_record_class(const MMRecorded *what, int64 k, MMSearchCall *call,
							double *first_factors);
extern struct varlena *mm_record_object(const MMRecorded *what);

#endif							/* MM_RECORD_H */
