/*-------------------------------------------------------------------------
 *
 * odbquery.h
 *	  A multi-metric query as one value: an object, a weight for each of its
 *	  components, and optionally scales and a radius.
 *
 * The object is kept with the types of its components, so a value means the
 * same wherever it is sent or stored.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_ODBQUERY_H
#define MM_ODBQUERY_H

#include "access/htup_details.h"
#include "fmgr.h"

/*
 * What a query keeps of a component's type besides its OID (see component.c).
 */
typedef struct ComponentKind
{
	uint32		signature;		/* a hash of how values of the type are stored */
	int16		typlen;
	char		typalign;
	bool		typbyval;
} ComponentKind;

/*
 * The form on disk, aligned for double: this header, the types' OIDs (natts of
 * them), natts kinds of these types, natts weights, natts scales if there are
 * any, and the object as a composite value (without a type of its own).  Each
 * part is MAXALIGNed.  Values stored by early versions have no kinds.
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
#define ODBQUERY_KINDS		0x0004

/* The flags that are sent to others. */
#define ODBQUERY_SENT_FLAGS	(ODBQUERY_SCALES | ODBQUERY_RADIUS)

#define DatumGetOdbQuery(d)		((OdbQuery *) PG_DETOAST_DATUM(d))
#define PG_GETARG_ODBQUERY_P(n)	DatumGetOdbQuery(PG_GETARG_DATUM(n))

/*
 * Where the parts of a query on disk are.
 */
typedef struct OdbQueryLayout
{
	Oid		   *types;
	ComponentKind *kinds;		/* NULL: there are none */
	float8	   *weights;
	float8	   *scales;			/* NULL: there are none */
	char	   *object;
	Size		object_size;
} OdbQueryLayout;

/*
 * The parts of a query in memory.
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
 * mm_odbquery_pack: put a query together, in the current context.  Raises an
 * error if a component is of a type that it may not have.
 */
extern OdbQuery *mm_odbquery_pack(OdbQueryParts *parts);

/*
 * mm_odbquery_locate: find where the parts of a query are.  This looks nothing
 * up in catalogs, and checks nothing.
 */
extern void mm_odbquery_locate(OdbQuery *query, OdbQueryLayout *layout);

/*
 * mm_odbquery_unpack: take a query apart.  The parts point into it.  Raises an
 * error if a component's type is gone, or is not one that it may have.
 */
extern void mm_odbquery_unpack(OdbQuery *query, OdbQueryParts *parts);

/*
 * mm_record_unpack: take a composite value apart, leaving out dropped
 * attributes.  Sets natts, types, values and isnull of parts, and the
 * attributes' names if names is not NULL (*names becomes NULL if the value is one
 * of ROW(...), without names).  Literals of type unknown become
 * text, and values of domains get their base types.  Raises an error if there
 * are more than MM_MAX_COLUMNS attributes.
 */
extern void mm_record_unpack(HeapTupleHeader record, OdbQueryParts *parts,
						  const char ***names);

/*
 * odbquery_out: the type's output function.  component.c recognizes the type by
 * it.
 */
extern PGDLLEXPORT Datum odbquery_out(PG_FUNCTION_ARGS);

/* component.c */

/*
 * mm_component_check: may component i (counted from 0) of an odbquery have
 * this type?  If so, fills in *kind.  Returns false after a soft error, which
 * it also reports if the type does not exist.
 */
extern bool mm_component_check(Oid type, int i, ComponentKind *kind, Node *escontext);

/*
 * mm_component_is_allowed: may a component have this type?
 */
extern bool mm_component_is_allowed(Oid type);

/*
 * mm_component_check_stored: raise an error unless stored values of component
 * i can be read.  stored is what was kept of its type, or NULL if nothing was.
 *
 * mm_component_is_readable: the same as a question, for components of whose
 * types something was kept.
 */
extern void mm_component_check_stored(Oid type, int i, const ComponentKind *stored);
extern bool mm_component_is_readable(Oid type, const ComponentKind *stored);

#endif							/* MM_ODBQUERY_H */
