/*-------------------------------------------------------------------------
 *
 * format.c
 *	  Region trees as they are written, and the type mmdb.region_tree.
 *
 * A value of the type is a jsonb, which is checked to be a tree when it is
 * read as text or binary.  What it says of types and operator classes is only
 * looked up when the tree is used (tree.c): a dump may define a table's
 * partition key long before.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"

#include "base/compare.h"
#include "compat.h"
#include "mmdb.h"
#include "region/format.h"

PG_FUNCTION_INFO_V1(mm_region_tree_in);
PG_FUNCTION_INFO_V1(mm_region_tree_out);
PG_FUNCTION_INFO_V1(mm_region_tree_recv);
PG_FUNCTION_INFO_V1(mm_region_tree_send);

#define TREE_VERSION	1

/* ---------- reading ---------- */

static void
wrong(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid region tree"),
			 errdetail("%s", what),
			 errhint("Region trees are made by mmdb.distribute() and mmdb.split_region().")));
}

/*
 * The member of an object, or NULL if it has none or it is null.
 */
static JsonbValue *
member(JsonbContainer *object, const char *key)
{
	JsonbValue *value = palloc(sizeof(JsonbValue));

	value = getKeyJsonValueFromContainer(object, key, strlen(key), value);
	return value == NULL || value->type == jbvNull ? NULL : value;
}

static JsonbContainer *
as_container(JsonbValue *value, bool array, const char *what)
{
	if (value == NULL || value->type != jbvBinary ||
		(array ? !JsonContainerIsArray(value->val.binary.data) :
		 !JsonContainerIsObject(value->val.binary.data)))
		wrong(psprintf("\"%s\" must be %s.", what, array ? "an array" : "an object"));
	return value->val.binary.data;
}

static char *
string_member(JsonbContainer *object, const char *key, bool required)
{
	JsonbValue *value = member(object, key);

	if (value == NULL && !required)
		return NULL;
	if (value == NULL || value->type != jbvString)
		wrong(psprintf("\"%s\" must be a string.", key));
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static double
number_value(const JsonbValue *value, const char *what)
{
	if (value == NULL || value->type != jbvNumeric)
		wrong(psprintf("\"%s\" must be a number.", what));
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
											  NumericGetDatum(value->val.numeric)));
}

static int
integer_value(const JsonbValue *value, const char *what, int least, int most)
{
	double		number = number_value(value, what);

	if (number != floor(number) || number < least || number > most)
		wrong(psprintf("\"%s\" must be an integer from %d to %d.", what, least, most));
	return (int) number;
}

static int
integer_member(JsonbContainer *object, const char *key, int otherwise, int least, int most)
{
	JsonbValue *value = member(object, key);

	return value == NULL ? otherwise : integer_value(value, key, least, most);
}

static void
parse_column(JsonbValue *value, MMRegionMethod method, MMWrittenColumn *column)
{
	JsonbContainer *object = as_container(value, false, "column");
	JsonbValue *origins = member(object, "origin");

	column->name = string_member(object, "name", true);
	column->type = string_member(object, "type", true);
	column->dimensions = integer_member(object, "dimensions", -1, 0, INT_MAX);
	if (method == MM_REGION_HASH)
		return;
	column->opclass = string_member(object, "class", true);
	if (member(object, "scale") != NULL)
		column->scale = number_value(member(object, "scale"), "scale");
	column->collation = string_member(object, "collation", false);
	column->pivot = string_member(object, "pivot", false);
	if (origins != NULL)
	{
		JsonbContainer *array = as_container(origins, true, "origin");

		column->norigins = JsonContainerSize(array);
		if (column->norigins > METRIC_MAX_RAW_COORDINATES || column->pivot != NULL)
			wrong("A column has a pivot or a few origins.");
		for (int i = 0; i < column->norigins; i++)
			column->origins[i] = number_value(getIthJsonbValueFromContainer(array, i), "origin");
	}
}

/*
 * The threshold of a node.
 */
static double
threshold(JsonbContainer *object)
{
	JsonbValue *value = member(object, "at");

	if (value != NULL && value->type == jbvString && value->val.string.len == 9 &&
		strncmp(value->val.string.val, "-Infinity", 9) == 0)
		return -get_float8_infinity();
	return number_value(value, "at");
}

/*
 * How many coordinates of a column the tree can compare.
 */
static int
coordinates_of(const MMWrittenColumn *column)
{
	return column->pivot != NULL ? 1 : column->norigins;
}

/*
 * Parse a node and all below it.  Returns what stands for it in its parent.
 */
static int
parse_node(MMWrittenTree *tree, JsonbValue *value)
{
	JsonbContainer *object;
	MMRegionNode node = {0};
	char	   *nulls;
	int			place;
	int			child;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (value != NULL && value->type == jbvNumeric)
	{
		if (tree->nregions >= MM_MAX_REGIONS)
			wrong(psprintf("There are more than %d regions.", MM_MAX_REGIONS));
		if ((tree->nregions & (tree->nregions - 1)) == 0)
			tree->regions = repalloc(tree->regions, sizeof(int) * Max(2 * tree->nregions, 16));
		tree->regions[tree->nregions] = integer_value(value, "region", 0, INT_MAX);
		return -1 - tree->nregions++;
	}
	object = as_container(value, false, "tree");
	node.below = threshold(object);
	nulls = string_member(object, "nulls", false);
	if (nulls != NULL && strcmp(nulls, "left") != 0)
		wrong("\"nulls\" must be \"left\".");
	node.nulls_left = nulls != NULL;
	if (tree->method == MM_REGION_TREE)
	{
		node.column = integer_member(object, "column", -1, 0, tree->ncolumns - 1);
		if (node.column < 0)
			wrong("A node has no column.");
		node.coordinate = integer_member(object, "coordinate", 0, 0,
										 coordinates_of(&tree->columns[node.column]) - 1);
		if (coordinates_of(&tree->columns[node.column]) == 0)
			wrong("A node has a column without coordinates.");
	}
	place = tree->nnodes++;
	if ((place & (place - 1)) == 0)
		tree->nodes = repalloc(tree->nodes, sizeof(MMRegionNode) * Max(2 * place, 16));
	child = parse_node(tree, member(object, "left"));
	node.left = child;
	child = parse_node(tree, member(object, "right"));
	node.right = child;
	tree->nodes[place] = node;
	return place;
}

static void
check_regions_differ(const MMWrittenTree *tree)
{
	int		   *sorted = palloc(sizeof(int) * tree->nregions);

	memcpy(sorted, tree->regions, sizeof(int) * tree->nregions);
	qsort(sorted, tree->nregions, sizeof(int), mm_compare_ints);
	for (int i = 1; i < tree->nregions; i++)
		if (sorted[i] == sorted[i - 1])
			wrong(psprintf("Region %d occurs twice.", sorted[i]));
	pfree(sorted);
}

MMWrittenTree *
mm_region_parse(Datum value)
{
	Jsonb	   *jsonb = DatumGetJsonbP(value);
	MMWrittenTree *tree = palloc0(sizeof(MMWrittenTree));
	JsonbContainer *columns;
	char	   *method;

	if (!JB_ROOT_IS_OBJECT(jsonb))
		wrong("It must be a JSON object.");
	if (integer_member(&jsonb->root, "version", 0, 0, INT_MAX) != TREE_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the region tree is of another version"),
				 errdetail("This version of mmdb reads version %d.", TREE_VERSION)));
	method = string_member(&jsonb->root, "method", true);
	if (strcmp(method, "tree") != 0 && strcmp(method, "hash") != 0)
		wrong("\"method\" must be \"tree\" or \"hash\".");
	tree->method = strcmp(method, "tree") == 0 ? MM_REGION_TREE : MM_REGION_HASH;
	columns = as_container(member(&jsonb->root, "columns"), true, "columns");
	tree->ncolumns = JsonContainerSize(columns);
	if (tree->ncolumns < 1 || tree->ncolumns > MM_MAX_COLUMNS)
		wrong(psprintf("There must be from 1 to %d columns.", MM_MAX_COLUMNS));
	tree->columns = palloc0(sizeof(MMWrittenColumn) * tree->ncolumns);
	for (int i = 0; i < tree->ncolumns; i++)
		parse_column(getIthJsonbValueFromContainer(columns, i), tree->method, &tree->columns[i]);
	tree->regions = palloc(sizeof(int));
	tree->nodes = palloc(sizeof(MMRegionNode));
	tree->root = parse_node(tree, member(&jsonb->root, "tree"));
	check_regions_differ(tree);
	return tree;
}

/* ---------- writing ---------- */

static void
write_number(StringInfo buf, double x)
{
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (isinf(x))
	{
		appendStringInfoString(buf, x > 0 ? "\"Infinity\"" : "\"-Infinity\"");
		return;
	}
	(void) double_to_shortest_decimal_buf(x, digits);
	appendStringInfoString(buf, digits);
}

static void
write_string(StringInfo buf, const char *key, const char *value)
{
	if (value == NULL)
		return;
	appendStringInfo(buf, ",\"%s\":", key);
	escape_json(buf, value);
}

static void
write_column(StringInfo buf, const MMWrittenColumn *column)
{
	appendStringInfoString(buf, "{\"name\":");
	escape_json(buf, column->name);
	write_string(buf, "type", column->type);
	write_string(buf, "class", column->opclass);
	write_string(buf, "collation", column->collation);
	write_string(buf, "pivot", column->pivot);
	if (column->scale > 0)
	{
		appendStringInfoString(buf, ",\"scale\":");
		write_number(buf, column->scale);
	}
	if (column->dimensions >= 0)
		appendStringInfo(buf, ",\"dimensions\":%d", column->dimensions);
	if (column->norigins > 0)
	{
		appendStringInfoString(buf, ",\"origin\":");
		for (int i = 0; i < column->norigins; i++)
		{
			appendStringInfoChar(buf, i > 0 ? ',' : '[');
			write_number(buf, column->origins[i]);
		}
		appendStringInfoChar(buf, ']');
	}
	appendStringInfoChar(buf, '}');
}

static void
write_node(StringInfo buf, const MMWrittenTree *tree, int child)
{
	const MMRegionNode *node;

	check_stack_depth();
	if (child < 0)
	{
		appendStringInfo(buf, "%d", tree->regions[-1 - child]);
		return;
	}
	node = &tree->nodes[child];
	appendStringInfoString(buf, "{\"at\":");
	write_number(buf, node->below);
	if (tree->method == MM_REGION_TREE)
		appendStringInfo(buf, ",\"column\":%d", node->column);
	if (node->coordinate > 0)
		appendStringInfo(buf, ",\"coordinate\":%d", node->coordinate);
	if (node->nulls_left)
		appendStringInfoString(buf, ",\"nulls\":\"left\"");
	appendStringInfoString(buf, ",\"left\":");
	write_node(buf, tree, node->left);
	appendStringInfoString(buf, ",\"right\":");
	write_node(buf, tree, node->right);
	appendStringInfoChar(buf, '}');
}

Datum
mm_region_write(const MMWrittenTree *tree)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "{\"version\":%d,\"method\":\"%s\",\"columns\":[", TREE_VERSION,
					 tree->method == MM_REGION_TREE ? "tree" : "hash");
	for (int i = 0; i < tree->ncolumns; i++)
	{
		if (i > 0)
			appendStringInfoChar(&buf, ',');
		write_column(&buf, &tree->columns[i]);
	}
	appendStringInfoString(&buf, "],\"tree\":");
	write_node(&buf, tree, tree->root);
	appendStringInfoChar(&buf, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(buf.data));
}

/* ---------- the type ---------- */

Datum
mm_region_tree_in(PG_FUNCTION_ARGS)
{
	Datum		value = DirectFunctionCall1(jsonb_in, PG_GETARG_DATUM(0));

	(void) mm_region_parse(value);
	PG_RETURN_DATUM(value);
}

Datum
mm_region_tree_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_out, PG_GETARG_DATUM(0)));
}

Datum
mm_region_tree_recv(PG_FUNCTION_ARGS)
{
	Datum		value = DirectFunctionCall1(jsonb_recv, PG_GETARG_DATUM(0));

	(void) mm_region_parse(value);
	PG_RETURN_DATUM(value);
}

Datum
mm_region_tree_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_send, PG_GETARG_DATUM(0)));
}
