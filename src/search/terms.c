/*-------------------------------------------------------------------------
 *
 * terms.c
 *	  From the components of a query object to the terms of a weighted sum.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "index/rights.h"
#include "search/terms.h"

typedef struct ComponentContext
{
	const MMColumn *column;
	int			number;
} ComponentContext;

static void
component_error_context(void *arg)
{
	ComponentContext *context = arg;

	errcontext("component %d of the query, for column \"%s\"",
			   context->number, context->column->name);
}

/*
 * Is this a type of strings?  A literal in ROW('...') is text, and a driver
 * may pass its language's strings as varchar, for one.
 */
static bool
is_string(Oid type)
{
	char		category;
	bool		preferred;

	get_type_category_preferred(type, &category, &preferred);
	return category == TYPCATEGORY_STRING;
}

/*
 * The characters of a string.  In char(n), the spaces at the end do not count.
 */
static char *
string_of(Oid type, Datum value)
{
	Oid			output;
	bool		is_varlena;
	char	   *result;

	getTypeOutputInfo(type, &output, &is_varlena);
	result = OidOutputFunctionCall(output, value);
	if (type == BPCHAROID)
		result[bpchartruelen(result, strlen(result))] = '\0';
	return result;
}

/*
 * Convert a component, which is not NULL, to its column's type as INSERT
 * would, with two differences.  A string that no cast converts is read as a
 * literal of the column's type, because in ROW('...') it was meant as one.
 * And nothing but a string turns into a string.  A cast may make NULL of the
 * value; then *isnull is set.
 */
static Datum
convert(Oid type, Datum value, const MMColumn *column, int number, bool *isnull)
{
	Oid			function;
	CoercionPathType path;

	*isnull = false;
	if (type == column->type)
		return value;

	path = find_coercion_pathway(column->type, type, COERCION_ASSIGNMENT, &function);
	if ((path == COERCION_PATH_NONE || path == COERCION_PATH_COERCEVIAIO) && is_string(type))
	{
		Oid			ioparam;

		getTypeInputInfo(column->type, &function, &ioparam);
		return OidInputFunctionCall(function, string_of(type, value), ioparam, -1);
	}
	if (path == COERCION_PATH_NONE || path == COERCION_PATH_COERCEVIAIO)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("component %d of the query is of type %s, but column \"%s\" is of type %s",
						number, format_type_be(type), column->name,
						format_type_be(column->type)),
				 find_coercion_pathway(column->type, type, COERCION_EXPLICIT, &function) == COERCION_PATH_NONE ?
				 errhint("Give a value of type %s.", format_type_be(column->type)) :
				 errhint("Cast the component to %s.", format_type_be(column->type))));
	if (path == COERCION_PATH_RELABELTYPE)
		return value;
	(void) mm_coerce(&value, isnull, type, column->type, COERCION_ASSIGNMENT);
	return value;
}

bool
mm_coerce(Datum *value, bool *isnull, Oid from, Oid to, CoercionContext context)
{
	int16		typlen;
	bool		typbyval;
	Node	   *expr;

	get_typlenbyval(from, &typlen, &typbyval);
	expr = (Node *) makeConst(from, -1, get_typcollation(from), typlen, *value,
							  false, typbyval);
	expr = coerce_to_target_type(NULL, expr, from, to, -1, context, COERCE_IMPLICIT_CAST, -1);
	if (expr == NULL)
		return false;
	expr = (Node *) evaluate_expr((Expr *) expr, to, -1, get_typcollation(to));
	*value = castNode(Const, expr)->constvalue;
	*isnull = castNode(Const, expr)->constisnull;
	return true;
}

MMTerms *
mm_terms_make(const MMColumns *columns, const OdbQueryParts *query,
			  const double *weights, const double *scales)
{
	MMTerms    *terms = palloc0(sizeof(MMTerms));

	Assert(query->natts == columns->n);
	for (int i = 0; i < columns->n; i++)
	{
		MMTerm	   *term = &terms->terms[terms->n];
		ComponentContext context = {&columns->columns[i], i + 1};
		ErrorContextCallback callback;
		bool		isnull;

		if (weights[i] == 0 || query->isnull[i])
			continue;
		mm_columns_require_metric(columns, i);
		term->column = i;
		term->weight = weights[i];
		term->scale = scales ? scales[i] : 1.0;
		term->missing = MM_MISSING_NULL;

		callback.callback = component_error_context;
		callback.arg = &context;
		callback.previous = error_context_stack;
		error_context_stack = &callback;
		term->value = convert(query->types[i], query->values[i],
							  &columns->columns[i], i + 1, &isnull);
		if (!isnull && !mm_metric_is_null(&columns->columns[i].space, term->value))
		{
			mm_metric_check(&columns->columns[i].space, term->value);
			terms->n++;
		}
		error_context_stack = callback.previous;
	}

	if (terms->n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no column takes part in the query"),
				 errdetail("Every component is NULL or has weight zero.")));
	return terms;
}

void
mm_terms_check_dimensions(const MMColumns *columns, const MMTerms *terms,
						  const MMMeta *statistics)
{
	for (int i = 0; i < terms->n; i++)
	{
		const MMTerm *term = &terms->terms[i];
		const MMColumn *column = &columns->columns[term->column];
		int			known = statistics->columns[term->column].dimensions;
		int			dimensions;

		if (known < 0 || !mm_statistics_visible(columns, term->column))
			continue;
		dimensions = mm_metric_dimensions(&column->space, term->value);
		if (dimensions != known)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("component %d of the query has %s, but column \"%s\" has %d", term->column + 1,
							mm_metric_describe_dimensions(&column->space, dimensions), column->name, known),
					 mm_metric_dimensions_errhint(&column->space)));
	}
}

/*
 * Pick the parts of a query that are about the index's columns, in the
 * columns' order.  own has room for as many.  Returns false if others count as
 * well: those about attributes that were added to the composite type later, or
 * that have another metric now.
 */
static bool
project_query(const MMColumns *columns, const OdbQueryParts *query, OdbQueryParts *own)
{
	bool		counted[MM_MAX_COLUMNS] = {false};
	bool		complete = true;

	own->natts = columns->n;
	for (int i = 0; i < columns->n; i++)
	{
		const MMColumn *column = &columns->columns[i];
		int			component = column->component;

		own->isnull[i] = !OidIsValid(column->opclass) || query->isnull[component];
		own->weights[i] = own->isnull[i] ? 0.0 : query->weights[component];
		if (own->isnull[i])
			continue;
		own->types[i] = query->types[component];
		own->values[i] = query->values[component];
		if (query->scales != NULL)
			own->scales[i] = query->scales[component];
		counted[component] = true;
	}
	if (query->scales == NULL)
		own->scales = NULL;
	for (int i = 0; i < query->natts; i++)
		complete &= counted[i] || query->isnull[i] || query->weights[i] == 0;
	return complete;
}

int
mm_terms_of_query(const MMColumns *columns, Datum query, double factor,
				  MMTerm *terms, double *radius, bool *complete)
{
	OdbQueryParts parts;
	Oid			types[MM_MAX_COLUMNS];
	Datum		values[MM_MAX_COLUMNS];
	bool		isnull[MM_MAX_COLUMNS];
	double		weights[MM_MAX_COLUMNS];
	double		scales[MM_MAX_COLUMNS];
	OdbQueryParts own = {
		.types = types,
		.values = values,
		.isnull = isnull,
		.weights = weights,
		.scales = scales,
	};
	MMTerms    *from;
	bool		some = false;

	mm_odbquery_unpack(DatumGetOdbQuery(query), &parts);
	if (parts.natts != columns->ncomponents)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("query has %d components, but type %s has %d attributes",
						parts.natts, format_type_be(columns->composite->tdtypeid),
						columns->ncomponents)));
	if (radius != NULL && !parts.has_radius)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query has no radius"),
				 errhint("Use odbrange() rather than odbquery() to make it.")));
	if (radius != NULL)
		*radius = parts.radius;

	*complete = project_query(columns, &parts, &own);
	for (int i = 0; i < own.natts; i++)
		some |= !own.isnull[i] && own.weights[i] > 0;
	if (!some && !*complete)
		return 0;
	from = mm_terms_make(columns, &own, own.weights, own.scales);
	for (int i = 0; i < from->n; i++)
	{
		MMTerm	   *term = &terms[i];

		*term = from->terms[i];
		term->weight = factor * (term->weight / term->scale);
		term->scale = 1.0;
		term->value = mm_column_detoast(&columns->columns[term->column], term->value);
	}
	return from->n;
}
