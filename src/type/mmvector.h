/*-------------------------------------------------------------------------
 *
 * mmvector.h
 *	  The vector type: a fixed number of float4 values, none of them NaN or
 *	  infinite.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MMVECTOR_H
#define MMVECTOR_H

#include "fmgr.h"

#include "compat.h"
#include "mmdb.h"

typedef struct MMVector
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	int32		dim;			/* 1 .. MM_MAX_DIMS */
	float4		x[FLEXIBLE_ARRAY_MEMBER];
} MMVector;

#define MMVECTOR_SIZE(dim)	(offsetof(MMVector, x) + sizeof(float4) * (dim))

#define DatumGetMMVector(d)			((MMVector *) PG_DETOAST_DATUM(d))
#define PG_GETARG_MMVECTOR_P(n)		DatumGetMMVector(PG_GETARG_DATUM(n))

/*
 * mmvector_alloc: a new vector of dim components, all zero, in the current
 * memory context.
 */
extern MMVector *mmvector_alloc(int dim);

/*
 * mmvector_check_dims: raises DATA_EXCEPTION unless the two dimensions agree.
 */
extern void mmvector_check_dims(int a, int b);

/*
 * mmvector_overflow: raises NUMERIC_VALUE_OUT_OF_RANGE for a component that
 * left the range of float4.
 */
pg_noreturn extern void mmvector_overflow(void);

#endif							/* MMVECTOR_H */
