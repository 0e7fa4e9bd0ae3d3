/*-------------------------------------------------------------------------
 *
 * whole_scales.h
 *	  The scales of the index of a partitioned table, fixed when it is made.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_WHOLE_SCALES_H
#define MM_WHOLE_SCALES_H

#include "utils/relcache.h"

/*
 * mm_whole_scales_fix: called when the index of a partition, or of any table, is about
 * to be built.  If it is part of the index of a partitioned table that this
 * transaction has made without scales, measure the distances of all partitions
 * and pin the scales of that index.  It depends on the transaction's locks that
 * the partitions stay what they are.
 */
extern void mm_whole_scales_fix(Relation partition);

#endif							/* MM_WHOLE_SCALES_H */
