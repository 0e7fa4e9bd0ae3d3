/*-------------------------------------------------------------------------
 *
 * pack.h
 *	  Dividing many entries into groups that are close together.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_PACK_H
#define MM_PACK_H

#include "model/model.h"

/*
 * mm_pack: divide n entries, of leaves or boxes, into groups of at most
 * capacity entries that are close together, and pass each group to emit.
 * Permutes entries.
 */
typedef void (*MMPackEmit) (MMEntry *entries, int n, void *state);
extern void mm_pack(const MMModel *model, bool boxes, MMEntry *entries, int64 n,
					int capacity, MMPackEmit emit, void *state);

/*
 * mm_pack_spread: the coordinate that tells the entries apart best, or -1 if
 * none does.
 */
extern int	mm_pack_spread(const MMModel *model, bool boxes,
						   MMEntry *entries, int64 n);

/*
 * mm_pack_spread_of: how far n keys are apart: the sum of their distances from the
 * mean, in units.  NULLs (Infinity) count as far from values.
 */
extern double mm_pack_spread_of(const float *keys, int n, float unit);

/*
 * mm_pack_key: where an entry lies along a coordinate.  NULLs come last.
 */
static inline float
mm_pack_key(const MMModel *model, bool boxes, const uint32 *entry, int coordinate)
{
	const float *x = (const float *) entry + MM_ENTRY_HEADER;

	if (!boxes)
		return entry[2] & (UINT32_C(1) << model->column_of[coordinate]) ?
			get_float4_infinity() : x[coordinate];
	if ((entry[2] & (UINT32_C(1) << model->column_of[coordinate])) == 0)
		return get_float4_infinity();
	return 0.5f * x[coordinate] + 0.5f * x[model->ncoordinates + coordinate];
}

#endif							/* MM_PACK_H */
