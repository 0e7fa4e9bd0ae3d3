// The command line.
import { parseArgs } from 'node:util';

export const usage = `Usage: mmdb-explorer [OPTION ...]

  --dsn URL          the database, such as postgresql://user@host/name; without it,
                     the environment tells (PGHOST, PGDATABASE, PGUSER, ...)
  --index NAME       the mmdb index to explore; it may be left out if there is only one
  --host ADDRESS     where to listen (default 127.0.0.1: this computer only)
  --port NUMBER      default 8080, or any free port if that is taken
  --title COLUMN     what to call a row by (default: a column named title or name, or the first text)
  --image COLUMN     a column with the address of a picture
  --thumbnail COLUMN a vector of grey values, 0 to 255, of a square picture
  --colors COLUMN    a vector of 32: a histogram of 8 hues by 4 saturations
  --start KEY        the primary key of the row to begin with (default: the first)
  --timeout MS       how long a statement may take (default 10000)
  --save-profiles    let users save weights as profiles, if the database role may
  --help             show this, and exit
`;

const settings = {
	dsn: { type: 'string' },
	index: { type: 'string' },
	host: { type: 'string', default: '127.0.0.1' },
	port: { type: 'string' },
	title: { type: 'string' },
	image: { type: 'string' },
	thumbnail: { type: 'string' },
	colors: { type: 'string' },
	start: { type: 'string' },
	timeout: { type: 'string', default: '10000' },
	'save-profiles': { type: 'boolean', default: false },
	help: { type: 'boolean', default: false },
};

// The options as an object; error says what is wrong with them.
export function readOptions(args) {
	try {
		const { values } = parseArgs({ args, options: settings });
		const anyPort = values.port === undefined;
		values.port ??= '8080';
		for (const name of ['port', 'timeout']) {
			if (!/^\d{1,7}$/.test(values[name])) return { error: `--${name} must be a number, not "${values[name]}"` };
			values[name] = Number(values[name]);
		}
		if (values.port > 65535) return { error: '--port must be at most 65535' };
		return { ...values, anyPort, saveProfiles: values['save-profiles'] };
	} catch (error) {
		return { error: error.message };
	}
}
