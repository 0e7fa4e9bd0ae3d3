/*-------------------------------------------------------------------------
 *
 * metric.c
 *	  Opening and using metric spaces; see metric.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/amvalidate.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "compat.h"
#include "metric/metric.h"
#include "mmdb.h"

bool
mm_metric_signature_fits(Oid function, int procnum, Oid opcintype)
{
	if (procnum == MM_ROUTINE_PROC)
		return check_amproc_signature(function, INTERNALOID, true, 1, 1, INTERNALOID);
	return check_amproc_signature(function, FLOAT8OID, false, 2, 2, opcintype, opcintype);
}

/*
 * The names of functions and operators with their schema, for messages.
 * format_procedure would show the schema only sometimes: since PostgreSQL 17,
 * the search_path is another one while an index is made.
 */
static char *
name_with_types(Oid namespace, const char *name, const Oid *types, int ntypes)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "%s.%s(", quote_identifier(get_namespace_name(namespace)), name);
	for (int i = 0; i < ntypes; i++)
		appendStringInfo(&buf, "%s%s", i > 0 ? "," : "", format_type_be(types[i]));
	appendStringInfoChar(&buf, ')');
	return buf.data;
}

static char *
function_name(Oid function)
{
	Oid		   *types;
	int			ntypes;

	(void) get_func_signature(function, &types, &ntypes);
	return name_with_types(get_func_namespace(function), quote_identifier(get_func_name(function)),
						   types, ntypes);
}

static char *
operator_name(Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	Oid			types[2];
	char	   *result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	types[0] = form->oprleft;
	types[1] = form->oprright;
	result = name_with_types(form->oprnamespace, NameStr(form->oprname), types, 2);
	ReleaseSysCache(tuple);
	return result;
}

/*
 * Raise an error if a part of a class does not have the signature that it
 * should have.  CREATE OPERATOR CLASS takes whatever it is given.  But the
 * result of a function that does not return float8 would be read as a float8,
 * and something that is no routine would be called as one.
 */
static void
check_signatures(Oid opfamily, Oid opcintype, Oid operator, Oid distance, Oid routine)
{
	bool		operator_fits = check_amop_signature(operator, FLOAT8OID, opcintype, opcintype);
	bool		distance_fits = mm_metric_signature_fits(distance, MM_DISTANCE_PROC, opcintype);

	if (!operator_fits || !distance_fits)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("%s %s of operator family \"%s\" of access method %s is no distance of type %s",
						operator_fits ? "function" : "operator",
						operator_fits ? function_name(distance) : operator_name(operator),
						get_opfamily_name(opfamily, false), MM_AM_NAME, format_type_be(opcintype)),
				 errdetail("It must take two arguments of the type, and return double precision."),
				 errhint("Make the class with a function that calls the other and casts its result.")));
	if (OidIsValid(routine) && !mm_metric_signature_fits(routine, MM_ROUTINE_PROC, opcintype))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("function %s of operator family \"%s\" of access method %s cannot be support function %d",
						function_name(routine), get_opfamily_name(opfamily, false), MM_AM_NAME,
						MM_ROUTINE_PROC),
				 errdetail("It must take one argument of type internal, and return internal.")));
}

/*
 * The size of the first routines of this version, which had no refine_query.
 */
#define LEAST_ROUTINE_SIZE	offsetof(MetricRoutine, refine_query)

/*
 * The name of a part that a routine lacks, or NULL if it has all required
 * parts.
 */
static const char *
missing_part(const MetricRoutine *routine)
{
	if (routine->prepare == NULL)
		return "prepare";
	if (routine->distance == NULL)
		return "distance";
	if (routine->embedding != NULL && routine->coordinates == NULL)
		return "coordinates";
	if (routine->tokens != NULL && routine->token_bound == NULL)
		return "token_bound";
	if (routine->no_triangle && routine->embedding == NULL)
		return "embedding";
	if (routine->train == NULL)
		return NULL;
	return routine->sketch == NULL ? "sketch" :
		routine->sketch_query == NULL ? "sketch_query" :
		routine->sketch_bounds == NULL ? "sketch_bounds" :
		routine->refine_query != NULL && routine->refine == NULL ? "refine" : NULL;
}

/*
 * The routine that FUNCTION 2 of a class returned, with zeros for members that
 * its library does not know.  Raises an error unless it is one of this version.
 * In a routine from a library built against another header, members would be
 * taken for others, and called.
 */
static const MetricRoutine *
check_routine(const MetricRoutine *routine, Oid function, Oid opclass)
{
	const char *missing;

	if (routine == NULL || routine->magic != METRIC_ROUTINE_MAGIC)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("function %s of operator class %s returned no metric routine",
						function_name(function), generate_opclass_name(opclass)),
				 errdetail("A MetricRoutine begins with METRIC_ROUTINE_HEAD."),
				 errhint("Rebuild its library against the installed header, \"extension/mmdb/metric_routine.h\".")));
	if (routine->version != METRIC_ROUTINE_VERSION || routine->size < LEAST_ROUTINE_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("function %s of operator class %s returned a metric routine of another version",
						function_name(function), generate_opclass_name(opclass)),
				 errdetail("Its version is %u, and its size %zu; mmdb has version %u, of at least %zu.",
						   routine->version, routine->size,
						   METRIC_ROUTINE_VERSION, LEAST_ROUTINE_SIZE),
				 errhint("Rebuild its library against the installed header, \"extension/mmdb/metric_routine.h\".")));
	if (routine->size < sizeof(MetricRoutine))
		routine = memcpy(palloc0(sizeof(MetricRoutine)), routine, routine->size);
	missing = missing_part(routine);
	if (missing != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("the metric routine of operator class %s has no \"%s\"",
						generate_opclass_name(opclass), missing),
				 errdetail("It must have prepare and distance; with embedding, coordinates; with train, sketch, sketch_query and sketch_bounds; with refine_query, refine; with tokens, token_bound; with no_triangle, embedding.")));
	return routine;
}

void
mm_metric_open(MetricSpace *space, Oid opclass, Oid collation)
{
	Oid			opfamily = get_opclass_family(opclass);
	Oid			opcintype = get_opclass_input_type(opclass);
	Oid			routine = get_opfamily_proc(opfamily, opcintype, opcintype,
											MM_ROUTINE_PROC);
	Oid			distance = get_opfamily_proc(opfamily, opcintype, opcintype,
											 MM_DISTANCE_PROC);

	memset(space, 0, sizeof(*space));
	space->type = opcintype;
	space->collation = collation;
	space->operator = get_opfamily_member(opfamily, opcintype, opcintype,
										  MM_DISTANCE_STRATEGY);
	if (!OidIsValid(space->operator) || !OidIsValid(distance))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("operator family \"%s\" of access method %s has no metric for type %s",
						get_opfamily_name(opfamily, false), MM_AM_NAME,
						format_type_be(opcintype)),
				 errhint("A class needs OPERATOR 1 (FOR ORDER BY float_ops) and FUNCTION 1, both on its own type.")));
	check_signatures(opfamily, opcintype, space->operator, distance, routine);

	if (OidIsValid(routine))
	{
		space->routine = check_routine((const MetricRoutine *)
									   DatumGetPointer(OidFunctionCall1(routine, PointerGetDatum(NULL))),
									   routine, opclass);
	}
	else
		fmgr_info(distance, &space->distance);
}

/*
 * What mm_metric_prepare returns where there is no routine: a copy of the
 * query.
 */
static void *
copy_query(Oid type, Datum query)
{
	int16		typlen;
	bool		typbyval;
	Datum	   *copy = palloc(sizeof(Datum));

	get_typlenbyval(type, &typlen, &typbyval);
	if (typlen == -1)
		*copy = PointerGetDatum(PG_DETOAST_DATUM_COPY(query));
	else
		*copy = datumCopy(query, typbyval, typlen);
	return copy;
}

void *
mm_metric_prepare(const MetricSpace *space, Datum query)
{
	if (space->routine != NULL)
		return space->routine->prepare(query, space->collation);
	return copy_query(space->type, query);
}

double
mm_metric_generic_distance(MetricSpace *space, void *prepared, Datum value)
{
	LOCAL_FCINFO(fcinfo, 2);
	Datum		result;

	InitFunctionCallInfoData(*fcinfo, &space->distance, 2, space->collation,
							 NULL, NULL);
	fcinfo->args[0].value = value;
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = *(Datum *) prepared;
	fcinfo->args[1].isnull = false;
	result = FunctionCallInvoke(fcinfo);

	if (fcinfo->isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("distance function \"%s\" returned NULL",
						get_func_name(space->distance.fn_oid))));
	if (isnan(DatumGetFloat8(result)) || DatumGetFloat8(result) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("distance function \"%s\" returned %g",
						get_func_name(space->distance.fn_oid),
						DatumGetFloat8(result)),
				 errdetail("A metric is never negative and never NaN.")));
	return DatumGetFloat8(result);
}

int
mm_metric_dimensions(const MetricSpace *space, Datum value)
{
	if (space->routine == NULL || space->routine->dimensions == NULL)
		return -1;
	return space->routine->dimensions(value);
}

const char *
mm_metric_dimensions_name(const MetricSpace *space)
{
	return space->routine != NULL && space->routine->dimensions_name != NULL ?
		space->routine->dimensions_name : "dimensions";
}

int
mm_metric_dimensions_errhint(const MetricSpace *space)
{
	return space->routine != NULL && space->routine->dimensions_hint != NULL ?
		errhint("%s", space->routine->dimensions_hint) : 0;
}

char *
mm_metric_describe_dimensions(const MetricSpace *space, int dimensions)
{
	if (space->routine != NULL && space->routine->dimensions_name != NULL)
		return psprintf("%s %d", space->routine->dimensions_name, dimensions);
	return psprintf("%d dimensions", dimensions);
}

int
mm_metric_embedding(const MetricSpace *space, int dimensions, MetricNorm *norm,
					MetricTransform *transform)
{
	int			n;

	if (space->routine == NULL || space->routine->embedding == NULL)
		return 0;
	n = space->routine->embedding(dimensions, norm, transform);
	if (n < 0 || n > METRIC_MAX_RAW_COORDINATES ||
		(n > 0 && *norm > METRIC_NORM_DISCRETE && *norm != METRIC_NORM_BALLS) ||
		(n == 0 && !mm_metric_has_triangle(space)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("the metric routine for operator %s embeds values in %d coordinates under norm %d",
						operator_name(space->operator), n, n > 0 ? (int) *norm : 0),
				 errdetail("There are at most %d coordinates, and norms from %d to %d, and %d. Distances without the triangle inequality must have coordinates.",
						   METRIC_MAX_RAW_COORDINATES, METRIC_NORM_MAX, METRIC_NORM_DISCRETE,
						   METRIC_NORM_BALLS)));
	return n;
}

/*
 * What mm_metric_operator keeps in fn_extra.
 */
typedef struct OperatorCache
{
	int			arg;			/* which argument is prepared */
	struct varlena *value;		/* copy of it, as it was passed */
	void	   *prepared;
	MemoryContext context;		/* holds value and prepared */
} OperatorCache;

/*
 * Are two varlena values the same, byte for byte?
 */
static inline bool
same_bytes(const struct varlena *a, const struct varlena *b)
{
	Size		size = VARSIZE_ANY(a);

	return size == VARSIZE_ANY(b) && memcmp(a, b, size) == 0;
}

Datum
mm_metric_operator(FunctionCallInfo fcinfo, const MetricRoutine *routine)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;
	OperatorCache *cache = flinfo->fn_extra;
	struct varlena *value;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(OperatorCache));
		/*
		 * Prepare the argument that is constant in a scan, or else the second.
		 */
		cache->arg = get_fn_expr_arg_stable(flinfo, 0) &&
			!get_fn_expr_arg_stable(flinfo, 1) ? 0 : 1;
		cache->context = AllocSetContextCreate(flinfo->fn_mcxt,
											   "mmdb prepared operand",
											   ALLOCSET_SMALL_SIZES);
		flinfo->fn_extra = cache;
	}

	value = (struct varlena *) PG_GETARG_POINTER(cache->arg);
	if (VARATT_IS_EXTERNAL(value))
		value = PG_DETOAST_DATUM_PACKED(PointerGetDatum(value));
	if (cache->value == NULL || !same_bytes(cache->value, value))
	{
		MemoryContext old;

		cache->value = NULL;	/* in case of an error */
		MemoryContextReset(cache->context);
		old = MemoryContextSwitchTo(cache->context);
		cache->prepared = routine->prepare(PointerGetDatum(value), PG_GET_COLLATION());
		cache->value = memcpy(palloc(VARSIZE_ANY(value)), value, VARSIZE_ANY(value));
		MemoryContextSwitchTo(old);
	}
	PG_RETURN_FLOAT8(routine->distance(cache->prepared,
									   PG_GETARG_DATUM(1 - cache->arg),
									   METRIC_NO_BOUND));
}
