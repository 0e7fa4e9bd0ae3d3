/*-------------------------------------------------------------------------
 *
 * distance_sql.c
 *	  A multi-metric distance as SQL text.
 *
 * In text that is to be read, names are qualified where the current
 * search_path requires it.  So the text means the same wherever that
 * search_path holds.  In text that is to be run, all names are qualified, and
 * operands are cast to the operators' own types.  Then the match is exact, and
 * no operator that others have put into the search_path, for domains or the
 * like, can win over it.  Numbers are written so that they are read back as
 * the same, whatever the setting extra_float_digits.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_oper.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "compat.h"
#include "index/key.h"
#include "index/rights.h"
#include "query/query.h"

/*
 * Make types write numbers in full until AtEOXact_GUC() is called for the
 * result.
 */
static int
begin_exact_output(void)
{
	int			level = NewGUCNestLevel();

	(void) set_config_option("extra_float_digits", "3", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return level;
}

/*
 * The expression of an index key that is not a plain column, as SQL.
 */
static char *
key_expression(const MMSqlStyle *style, int key)
{
	Relation	index = style->index;
	Oid			table = index->rd_index->indrelid;
	List	   *context;
	char	   *result;
	int			level;

	context = deparse_context_for(style->alias ? style->alias : get_rel_name(table), table);
	level = begin_exact_output();
	result = deparse_expression(mm_key_expression(index, key), context, style->alias != NULL, false);
	AtEOXact_GUC(true, level);
	return result;
}

char *
mm_sql_column(const MMSqlStyle *style, const MMColumn *column)
{
	AttrNumber	attnum = style->index->rd_index->indkey.values[column->key];
	StringInfoData buf;

	initStringInfo(&buf);
	if (column->attribute != 0)
		appendStringInfoChar(&buf, '(');
	if (attnum == 0)
		appendStringInfoString(&buf, key_expression(style, column->key));
	else
	{
		if (style->alias != NULL)
			appendStringInfo(&buf, "%s.", style->alias);
		appendStringInfoString(&buf,
							   quote_identifier(get_attname(style->index->rd_index->indrelid,
															attnum, false)));
	}
	if (column->attribute != 0)
		appendStringInfo(&buf, ").%s", quote_identifier(column->name));
	return buf.data;
}

/*
 * Can a column be NULL?
 */
static bool
can_be_null(const MMSqlStyle *style, const MMColumn *column)
{
	AttrNumber	attnum = style->index->rd_index->indkey.values[column->key];
	HeapTuple	tuple;
	bool		not_null;

	if (!style->not_null || attnum == 0 || column->attribute != 0)
		return true;
	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(style->index->rd_index->indrelid),
							Int16GetDatum(attnum));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for attribute %d", attnum);
	not_null = ((Form_pg_attribute) GETSTRUCT(tuple))->attnotnull &&
		mm_not_null_is_valid(style->index->rd_index->indrelid, attnum);
	ReleaseSysCache(tuple);
	return !not_null;
}

/*
 * Does this name mean the operator, between values of these types?
 */
static bool
means_operator(List *name, Oid left, Oid right, Oid operator)
{
	Operator	found = oper(NULL, name, left, right, true, -1);
	bool		result = found != NULL && oprid(found) == operator;

	if (found != NULL)
		ReleaseSysCache(found);
	return result;
}

/*
 * An operand, cast to the type that the operator has declared for it.  A
 * polymorphic type has no values, so there is no cast to one.
 */
static char *
operand_of_type(const char *operand, Oid from, Oid to)
{
	if (from == to || IsPolymorphicType(to))
		return pstrdup(operand);
	/*
	 * Without a typmod, bit is written "bit" in quotes: the bare word is a
	 * single bit.
	 */
	return psprintf("(%s)::%s", operand,
					format_type_extended(to, -1, FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
}

char *
mm_sql_call(Oid operator, const char *left, Oid left_type, const char *right, Oid right_type,
			bool exact)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char	   *name;
	char	   *schema;
	char	   *result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	name = NameStr(form->oprname);
	schema = get_namespace_name(form->oprnamespace);
	if (!exact && means_operator(list_make1(makeString(name)), left_type, right_type, operator) &&
		means_operator(list_make1(makeString(name)), left_type,
					   right[0] == '$' ? UNKNOWNOID : right_type, operator))
		result = psprintf("%s %s %s", left, name, right);
	else
	{
		/* No match is exact for a polymorphic type. */
		if (!means_operator(list_make2(makeString(schema), makeString(name)),
							IsPolymorphicType(form->oprleft) ? left_type : form->oprleft,
							IsPolymorphicType(form->oprright) ? right_type : form->oprright,
							operator))
			ereport(ERROR,
					(errcode(ERRCODE_AMBIGUOUS_FUNCTION),
					 errmsg("operator %s is hidden by another for type %s",
							format_operator(operator), format_type_be(left_type)),
					 errdetail("Schema \"%s\" has an operator %s for that very type.", schema, name)));
		result = psprintf("%s OPERATOR(%s.%s) %s",
						  operand_of_type(left, left_type, form->oprleft),
						  quote_identifier(schema), name,
						  operand_of_type(right, right_type, form->oprright));
	}
	ReleaseSysCache(tuple);
	return result;
}

/*
 * Does a bare operator name mean the built-in operator on float8, even if one
 * side is written as a number?
 */
static bool
means_builtin(char *name)
{
	static const Oid numbers[] = {FLOAT8OID, NUMERICOID, INT8OID, INT4OID};
	List	   *bare = list_make1(makeString(name));
	Oid			builtin = OpernameGetOprid(list_make2(makeString("pg_catalog"), makeString(name)),
										   FLOAT8OID, FLOAT8OID);
	bool		result = true;

	for (int i = 0; i < (int) lengthof(numbers); i++)
		result &= means_operator(bare, numbers[i], FLOAT8OID, builtin) &&
			means_operator(bare, FLOAT8OID, numbers[i], builtin);
	return result;
}

/*
 * What is being written, and the arithmetic operators to write it with.
 */
typedef struct Writer
{
	StringInfo	buf;
	const MMSqlStyle *style;
	const MMTerms *terms;
	const char *plus;
	const char *times;
	const char *over;

	/*
	 * OPERATOR() binds less tightly than + and *, so products then need
	 * parentheses.
	 */
	bool		parenthesize;
} Writer;

static void
writer_init(Writer *w, StringInfo buf, const MMSqlStyle *style, const MMTerms *terms)
{
	bool		bare = !style->parameters &&
		means_builtin("+") && means_builtin("*") && means_builtin("/");

	w->buf = buf;
	w->style = style;
	w->terms = terms;
	w->plus = bare ? "+" : "OPERATOR(pg_catalog.+)";
	w->times = bare ? "*" : "OPERATOR(pg_catalog.*)";
	w->over = bare ? "/" : "OPERATOR(pg_catalog./)";
	w->parenthesize = !bare;
}

static const MMColumn *
term_column(const MMSqlStyle *style, const MMTerms *terms, int i)
{
	return &style->columns->columns[terms->terms[i].column];
}

const char *
mm_sql_number(double x)
{
	char	   *result = palloc(DOUBLE_SHORTEST_DECIMAL_LEN);

	double_to_shortest_decimal_buf(x, result);
	return result;
}

/*
 * A number, which is a parameter if the style wants that.
 */
static const char *
number(Writer *w, int parameter, double x)
{
	return w->style->parameters ? psprintf("$%d", w->style->first + parameter) : mm_sql_number(x);
}

static const char *
weight(Writer *w, int i)
{
	return number(w, MM_WEIGHT_PARAMETER(w->terms->n, i), w->terms->terms[i].weight);
}

static const char *
scale(Writer *w, int i)
{
	return number(w, MM_SCALE_PARAMETER(w->terms->n, i), w->terms->terms[i].scale);
}

/*
 * The type of a column's expression.  It may be a domain.
 */
static Oid
column_type(const MMSqlStyle *style, const MMColumn *column)
{
	if (column->attribute != 0)
		return TupleDescAttr(style->columns->composite, column->attribute - 1)->atttypid;
	return TupleDescAttr(RelationGetDescr(style->index), column->key)->atttypid;
}

/*
 * The distance of one column, neither weighted nor divided by its scale.
 */
static void
write_column_distance(Writer *w, int i)
{
	const MMTerm *term = &w->terms->terms[i];
	const MMColumn *column = term_column(w->style, w->terms, i);
	char	   *value = psprintf("$%d", w->style->first + i + 1);

	if (w->style->literals)
	{
		Oid			output;
		bool		is_varlena;
		int			level = begin_exact_output();

		getTypeOutputInfo(column->type, &output, &is_varlena);
		/*
		 * Without a typmod, bit is written "bit" in quotes: the bare word is a
		 * single bit.
		 */
		value = psprintf("%s::%s", quote_literal_cstr(OidOutputFunctionCall(output, term->value)),
						 format_type_with_typemod(column->type, -1));
		AtEOXact_GUC(true, level);
	}
	appendStringInfoString(w->buf, mm_sql_call(column->space.operator,
											   mm_sql_column(w->style, column),
											   column_type(w->style, column),
											   value, column->type, w->style->parameters));
}

/*
 * Write one term.  missing is the distance of a column without a value; if
 * it is NULL, the term is then NULL.
 */
static void
write_term(Writer *w, int i, const char *missing)
{
	const MMTerm *term = &w->terms->terms[i];
	bool		divide = w->style->normalized && (w->style->parameters || term->scale != 1);
	bool		multiply = w->style->parameters || term->weight != 1;
	bool		parenthesize = w->parenthesize && multiply;

	if (parenthesize)
		appendStringInfoChar(w->buf, '(');
	if (multiply)
		appendStringInfo(w->buf, "%s %s ", weight(w, i), w->times);

	appendStringInfoString(w->buf, missing ? "COALESCE(" : "(");
	if (divide)
		appendStringInfoChar(w->buf, '(');
	write_column_distance(w, i);
	if (divide)
		appendStringInfo(w->buf, ") %s %s", w->over, scale(w, i));
	if (missing != NULL)
		appendStringInfo(w->buf, ", %s", missing);
	appendStringInfoChar(w->buf, ')');

	if (parenthesize)
		appendStringInfoChar(w->buf, ')');
}

/*
 * The distance of a column without a value in the sum; NULL if that makes the
 * sum NULL, or if there is always a value.
 */
static const char *
if_missing(Writer *w, int i)
{
	const MMSqlStyle *style = w->style;

	if (style->missing == MISSING_EXCLUDE || !can_be_null(style, term_column(style, w->terms, i)))
		return NULL;
	return style->missing == MISSING_IGNORE ? "0" : style->normalized ? "1" : scale(w, i);
}

static void
write_sum(Writer *w)
{
	for (int i = 0; i < w->terms->n; i++)
	{
		if (i > 0)
			appendStringInfo(w->buf, " %s ", w->plus);
		write_term(w, i, if_missing(w, i));
	}
}

/*
 * Write the factor by which the columns that have values make up for those
 * that do not: the weight of all columns divided by the weight of those with
 * values.  It is NULL if none has a value.  The text says that it is at least
 * 1, so that the planner knows.
 */
static void
write_compensation(Writer *w)
{
	double		total = 0.0;

	for (int i = 0; i < w->terms->n; i++)
		total += w->terms->terms[i].weight;

	/*
	 * This is not NULLIF, which would look for an operator = in the
	 * search_path.
	 */
	appendStringInfoChar(w->buf, '(');
	for (int i = 0; i < w->terms->n; i++)
		appendStringInfo(w->buf, "%s %s IS NULL", i > 0 ? " AND" : "CASE WHEN",
						 mm_sql_column(w->style, term_column(w->style, w->terms, i)));
	appendStringInfo(w->buf, " THEN NULL ELSE GREATEST('1'::pg_catalog.float8, %s %s (",
					 number(w, MM_TOTAL_PARAMETER(w->terms->n), total), w->over);
	for (int i = 0; i < w->terms->n; i++)
	{
		if (i > 0)
			appendStringInfo(w->buf, " %s ", w->plus);
		appendStringInfo(w->buf, "CASE WHEN %s IS NULL THEN '0'::pg_catalog.float8 ELSE %s END",
						 mm_sql_column(w->style, term_column(w->style, w->terms, i)),
						 weight(w, i));
	}
	appendStringInfoString(w->buf, ")) END)");
}

/*
 * Is the sum multiplied to make up for missing values?
 */
static bool
compensates(const MMSqlStyle *style, const MMTerms *terms)
{
	if (style->missing == MISSING_IGNORE)
		for (int i = 0; i < terms->n; i++)
			if (can_be_null(style, term_column(style, terms, i)))
				return true;
	return false;
}

void
mm_sql_distance(StringInfo buf, const MMSqlStyle *style, const MMTerms *terms)
{
	Writer		w;

	writer_init(&w, buf, style, terms);
	if (!compensates(style, terms))
	{
		write_sum(&w);
		return;
	}
	appendStringInfoChar(buf, '(');
	write_sum(&w);
	appendStringInfo(buf, ") %s ", w.times);
	write_compensation(&w);
}

void
mm_sql_parts(StringInfo buf, const MMSqlStyle *style, const MMTerms *terms)
{
	Writer		w;
	bool		compensate = compensates(style, terms);
	int			i = 0;

	writer_init(&w, buf, style, terms);
	appendStringInfoString(buf, "ARRAY[");
	for (int column = 0; column < style->columns->n; column++)
	{
		appendStringInfoString(buf, column > 0 ? ", " : "");
		if (i == terms->n || terms->terms[i].column != column)
		{
			appendStringInfoString(buf, "NULL");
			continue;
		}
		/* What is ignored has no part; the others' parts make up for it. */
		if (compensate)
			appendStringInfoChar(buf, '(');
		write_term(&w, i, style->missing == MISSING_PENALTY ? if_missing(&w, i) : NULL);
		if (compensate)
		{
			appendStringInfo(buf, ") %s ", w.times);
			write_compensation(&w);
		}
		i++;
	}
	appendStringInfoString(buf, "]::pg_catalog.float8[]");
}

void
mm_sql_present(StringInfo buf, const MMSqlStyle *style, const MMTerms *terms)
{
	bool		first = true;

	for (int i = 0; i < terms->n; i++)
	{
		if (!can_be_null(style, term_column(style, terms, i)))
			continue;
		appendStringInfo(buf, "%s%s IS NOT NULL", first ? "" : " AND ",
						 mm_sql_column(style, term_column(style, terms, i)));
		first = false;
	}
	if (first)
		appendStringInfoString(buf, "true");
}

void
mm_sql_require_scales(const MMSqlStyle *style, const MMTerms *terms, const MMMeta *statistics,
					  const MMScales *scales)
{
	uint32		used = 0;

	/* A missing value is at the distance of its scale, normalized or not. */
	for (int i = 0; i < terms->n; i++)
	{
		int			column = terms->terms[i].column;

		if (!style->normalized &&
			(style->missing != MISSING_PENALTY || !can_be_null(style, term_column(style, terms, i))))
			continue;
		used |= UINT32_C(1) << column;
		if (!scales->pinned[column])
			mm_statistics_require(style->columns, column,
								  "Distances that are not normalized need no scales: normalized => false, with missing => 'exclude' or 'ignore'.");
	}
	mm_scales_require(style->index, style->columns, statistics, scales, used);
}

MMMissing
mm_missing_parse(const char *name)
{
	if (strcmp(name, "penalty") == 0)
		return MISSING_PENALTY;
	if (strcmp(name, "ignore") == 0)
		return MISSING_IGNORE;
	if (strcmp(name, "exclude") == 0)
		return MISSING_EXCLUDE;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for argument \"missing\": \"%s\"", name),
			 errhint("Available values: penalty, ignore, exclude.")));
}
