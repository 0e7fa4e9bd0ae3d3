/*-------------------------------------------------------------------------
 *
 * odbquery.h
 *	  A multi-metric query as one value: an object, a weight for each of its
 *	  components, and optionally scales and a radius.
 *
 * The object is kept with the types of its components, so that a value means
 * the same wherever it is sent or stored.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_ODBQUERY_H
#define MM_ODBQUERY_H

#include "access/htup_details.h"
#include "fmgr.h"

/*
 * On disk, aligned for double: this header, natts Oids of types, natts
 * weights, natts scales if there are any, and the object as a composite
 * value (without a type of its own), each of these MAXALIGNed.
 */
typedef struct OdbQuery
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint16		natts;			/* 1 .. MM_MAX_COLUMNS */
	uint16		flags;
	float8		radius;			/* 0 without ODBQUERY_RADIUS */
} OdbQuery;

#define ODBQUERY_SCALES		0x0001
#define ODBQUERY_RADIUS		0x0002

#define DatumGetOdbQuery(d)		((OdbQuery *) PG_DETOAST_DATUM(d))

/*
 * The same in memory.
 */
typedef struct OdbQueryParts
{
	int			natts;
	Oid		   *types;
	float8	   *weights;		/* finite, >= 0, not all 0 */
	float8	   *scales;			/* finite, > 0; NULL: 1 for all */
	bool		has_radius;
	float8		radius;			/* >= 0, possibly infinite */
	Datum	   *values;
	bool	   *isnull;
} OdbQueryParts;

/*
 * mm_odbquery_unpack: the parts of a query.  They point into it.
 */
extern void mm_odbquery_unpack(OdbQuery *query, OdbQueryParts *parts);

/*
 * mm_record_unpack: the components of a composite value, dropped attributes left
 * out: natts, types, values, isnull of parts, and if names is not NULL the
 * attributes' names.  Literals of type unknown become text.  Raises an error
 * for more than MM_MAX_COLUMNS.
 */
extern void mm_record_unpack(HeapTupleHeader record, OdbQueryParts *parts,
						  const char ***names);

#endif							/* MM_ODBQUERY_H */
