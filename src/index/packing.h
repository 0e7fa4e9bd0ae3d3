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
 * parameter.  So it does if there is no such profile, or if it is about other
 * columns, but with no more than a WARNING.
 */
extern void mm_packing_weights(Relation index, const MMColumns *columns, int elevel,
							   double *weights);

#endif							/* MM_PACKING_H */
