/*-------------------------------------------------------------------------
 *
 * sort.h
 *	  Sorting tuples by their first column.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_SORT_H
#define MM_SORT_H

#include "utils/tuplesort.h"

#include "compat.h"

/*
 * mm_sort_begin: begin to sort tuples of desc by their first column, in
 * ascending order of its operator less, with NULLs last, within workmem kB.
 * coordinate belongs to a parallel sort and is NULL otherwise; options are
 * those of tuplesort_begin_heap.
 */
static inline Tuplesortstate *
mm_sort_begin(TupleDesc desc, Oid less, int workmem, SortCoordinate coordinate, int options)
{
	AttrNumber	column = 1;
	Oid			collation = InvalidOid;
	bool		nulls_first = false;

	return tuplesort_begin_heap(desc, 1, &column, &less, &collation, &nulls_first,
								workmem, coordinate, options);
}

#endif							/* MM_SORT_H */
