/*-------------------------------------------------------------------------
 *
 * threshold.h
 *	  How large a key is likely to be needed by a search for the nearest rows.
 *
 * A search keeps what is left of each node it has read.  Most of a leaf is never
 * looked at again.  So it keeps only the entries below a threshold: the m-th least
 * of all keys that it has come across, for an m a few times as many as the rows
 * that are wanted.  If it needs to go beyond that, it reads the leaf again.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_THRESHOLD_H
#define MM_THRESHOLD_H

typedef struct MMThreshold
{
	int			m;				/* 0: there is none */
	int			n;				/* keys in the heap */
	float	   *heap;			/* the least keys so far, the greatest of them first */
} MMThreshold;

/*
 * mm_threshold_init: begin a search for so many rows (0: not known), in the
 * current context.
 */
extern void mm_threshold_init(MMThreshold *threshold, double rows);

/*
 * mm_threshold_add: the search has come across this key.
 */
extern void mm_threshold_add(MMThreshold *threshold, float key);

/*
 * mm_threshold_get: the threshold, or Infinity as long as there is none.
 */
static inline float
mm_threshold_get(const MMThreshold *threshold)
{
	return threshold->n < threshold->m || threshold->m == 0 ? get_float4_infinity() : threshold->heap[0];
}

#endif							/* MM_THRESHOLD_H */
