// A search as SQL, to be read and copied.  It is not what the explorer runs.

const quoteIdent = name => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replace(/"/g, '""')}"`);
const quoteLiteral = value => `${value.includes('\\') ? 'E' : ''}'${value.replace(/\\/g, '\\\\').replace(/'/g, "''")}'`;

// A JSON value as the text of one of a column's type.
function text(value, type) {
	if (!Array.isArray(value)) return typeof value === 'object' ? JSON.stringify(value) : String(value);
	if (type === 'point') return `(${value.join(',')})`;
	if (!type.endsWith('[]')) return JSON.stringify(value);
	return `{${value
		.map(item =>
			item === null ? 'NULL' : typeof item === 'number' ? item : `"${String(item).replace(/(["\\])/g, '\\$1')}"`,
		)
		.join(',')}}`;
}

const literal = (value, type) =>
	value === null
		? 'NULL'
		: typeof value === 'number'
			? String(value)
			: typeof value === 'boolean'
				? String(value)
				: quoteLiteral(text(value, type));

// What stands for a column of the query object: a value that was given, or the row's.
function operand(schema, search, column, cast) {
	const value = search.object?.[column.name];
	if (value === undefined) return search.id === undefined ? 'NULL' : `q.${quoteIdent(column.name)}`;
	return value === null ? 'NULL' : `${literal(value, column.type)}${cast ? `::${column.type}` : ''}`;
}

function comparisons(column, condition, type) {
	if (condition === null || typeof condition !== 'object' || Array.isArray(condition)) {
		return condition === null ? [`${column} IS NULL`] : [`${column} = ${literal(condition, type)}`];
	}
	const signs = { eq: '=', ne: '<>', lt: '<', le: '<=', gt: '>', ge: '>=' };
	return Object.entries(condition).map(([name, value]) => {
		if (signs[name]) return `${column} ${signs[name]} ${literal(value, type)}`;
		if (name === 'null') return `${column} IS ${value ? '' : 'NOT '}NULL`;
		if (name === 'in') return `${column} IN (${value.map(item => literal(item, type)).join(', ')})`;
		if (name === 'contains') return `${column} @> ${literal(value, type)}`;
		const [from, to] = value;
		return from !== null && to !== null
			? `${column} BETWEEN ${literal(from, type)} AND ${literal(to, type)}`
			: from !== null
				? `${column} >= ${literal(from, type)}`
				: `${column} <= ${literal(to, type)}`;
	});
}

// A filter as a condition; null if it has what only odb_query can say.
function condition(schema, filter) {
	const parts = [];
	for (const [name, value] of Object.entries(filter ?? {})) {
		const attribute = schema.attributes.find(a => a.name === name);
		if (name === 'and' || name === 'or') {
			const inner = value.map(item => condition(schema, item));
			if (inner.includes(null)) return null;
			parts.push(`(${inner.join(name === 'and' ? ' AND ' : ' OR ')})`);
		} else if (!attribute) {
			return null;
		} else {
			parts.push(...comparisons(quoteIdent(name), value, attribute.type));
		}
	}
	return parts.join(' AND ') || 'true';
}

function whereId(schema, search) {
	const id = typeof search.id === 'object' ? search.id : { [schema.key[0]]: search.id };
	return Object.entries(id)
		.map(([name, value]) => `q.${quoteIdent(name)} = ${literal(value, '')}`)
		.join(' AND ');
}

const selected = (schema, alias) =>
	[...new Set([...schema.key, schema.show.title].filter(Boolean))]
		.map(name => `${alias}${quoteIdent(name)}`)
		.join(', ');

// A SELECT with the distance, as mm_distance_sql writes it.  used has the columns that
// play a part; their values stand in it as $1, $2, ...
export function plainSql(schema, search, distance, used) {
	const columns = schema.columns.filter(column => used[column.name] !== undefined);
	const sum = distance.replace(/\$(\d+)/g, (_, n) => operand(schema, search, columns[n - 1], true));
	const where = condition(schema, search.filter);
	if (where === null) return null;
	const conditions = [];
	if (where !== 'true') conditions.push(where);
	if (search.radius !== undefined) conditions.push(`${sum} <= ${search.radius}`);
	const inner =
		`SELECT ${selected(schema, '')},\n       ${sum} AS distance\nFROM ${schema.table}` +
		(conditions.length > 0 ? `\nWHERE ${conditions.join(' AND ')}` : '') +
		`\nORDER BY distance LIMIT ${search.k ?? 10}`;
	if (search.id === undefined) return `${inner};`;
	return `SELECT c.*\nFROM ${schema.table} q, LATERAL (\n    ${inner.replace(/\n/g, '\n    ')}) c\nWHERE ${whereId(schema, search)};`;
}

// The same by odbknn, or by odbrange if there is a radius.
export function odbknnSql(schema, search) {
	const where = condition(schema, search.filter);
	if (where === null) return null;
	const row = schema.columns.map(column => operand(schema, search, column, false)).join(', ');
	const weights = search.weights
		? `'{${schema.columns.map(column => Number(search.weights[column.name] ?? 0)).join(',')}}'`
		: 'NULL';
	const extra = [
		`using_index => ${quoteLiteral(schema.index)}`,
		...(search.missing && search.missing !== 'penalty' ? [`missing => ${quoteLiteral(search.missing)}`] : []),
		...(where !== 'true' ? [`filter => ${quoteLiteral(where)}`] : []),
	].join(', ');
	const name = search.radius === undefined ? 'odbknn' : 'odbrange';
	const limit = search.radius ?? search.k ?? 10;
	return (
		`SELECT ${selected(schema, '(r.obj).')}, r.distance, r.parts\n` +
		`FROM ${search.id === undefined ? '' : `${schema.table} q,\n     `}${name}(NULL::${schema.table}, ROW(${row}), ${weights}, ${limit}, ${extra}) r` +
		(search.id === undefined ? '' : `\nWHERE ${whereId(schema, search)}`) +
		(search.radius === undefined ? '' : `\nLIMIT ${search.k ?? 1000}`) +
		';'
	);
}
