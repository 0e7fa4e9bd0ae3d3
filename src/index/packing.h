/*-------------------------------------------------------------------------
 *
 * packing.h
 *	  The storage parameter "weights": what weights an index is made for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_PACKING_H
#define MM_PACKING_H

#include "index/columns.h"

/*
 * mm_packing_weights: how much each of an index's columns matters when the index is
 * made; the mean of those that do is 1.  If the parameter does not fit the
 * columns, reports that with this level, and sets all to 1, as if there were no
 * parameter.  So it does if there is no such profile, if it is about other
 * columns, or if the index's owner may not read it, but with no more than a WARNING.
 * Numbers that are no weights are an error.
 *
 * mm_packing_check: raise that error for a value that the parameter is about to get.
 */
extern void mm_packing_weights(Relation index, const MMColumns *columns, int elevel,
							   double *weights);
extern void mm_packing_check(const MMColumns *columns, const char *value);

#endif							/* MM_PACKING_H */
