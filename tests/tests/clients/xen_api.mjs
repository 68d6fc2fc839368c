// What `xen-api`, the client of Xen Orchestra, sees of a lab's host, as its registry has it.
//
// Arguments: the directory it was installed in, the host's address, the password, the transport. Any failure, and
// any warning of the client, ends the program with an error.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [installed, address, password, transport] = process.argv.slice(2)
const module = createRequire(`${installed}/`).resolve('xen-api')
const { createClient } = await import(pathToFileURL(module))

// The client goes on after many a wrong answer, and only warns.
const warnings = []
console.warn = (...what) => warnings.push(what)

function client(options = {}) {
  const auth = { user: 'root', password }
  return createClient({ url: `http://${address}`, auth, debounce: 20, transport, ...options })
}

// Resolves when the objects that the client keeps are as asked; rejects after half a minute.
function until(xapi, what, isSo) {
  return new Promise((resolve, reject) => {
    const objects = xapi.objects
    const events = ['add', 'update', 'remove']
    const late = setTimeout(() => finish(reject, new Error(`not heard of: ${what}`)), 30e3)
    function finish(settle, value) {
      clearTimeout(late)
      events.forEach(event => objects.removeListener(event, look))
      settle(value)
    }
    function look() {
      try {
        if (isSo()) finish(resolve)
      } catch (why) {
        finish(reject, why)
      }
    }
    events.forEach(event => objects.on(event, look))
    look()
  })
}

const all = (xapi, type) => Object.values(xapi.objects.all).filter(object => object.$type === type)
const known = (xapi, ref) => xapi.getObjectByRef(ref, undefined)

async function watching(xapi) {
  await xapi.objectsFetched
  const pool = xapi.pool
  assert.equal(pool.$type, 'pool')
  assert.equal(known(xapi, pool.master).$type, 'host')
  const pifs = all(xapi, 'PIF').filter(pif => pif.physical)
  assert.equal(pifs.length, 6)
  for (const pif of pifs) {
    // The references of a record lead to objects.
    assert.equal(pif.$network.$type, 'network')
    assert.equal(pif.$host, known(xapi, pool.master))
    assert.equal(pif.$metrics.$type, 'PIF_metrics')
    assert.equal(Number(pif.MTU), 1500)
    assert.equal(typeof pif.MTU, transport === 'xml-rpc' ? 'string' : 'number')
  }
  // What Xen Orchestra takes apart without asking whether it is there.
  const host = known(xapi, pool.master)
  const maps = ['software_version', 'license_params', 'other_config', 'cpu_info', 'chipset_info', 'bios_strings', 'logging']
  for (const map of maps) assert.equal(typeof host[map], 'object', map)
  for (const key of ['product_brand', 'product_version', 'build_number', 'xapi']) {
    assert.ok(host.software_version[key], `software_version ${key}`)
  }
  assert.equal(host.address, address)
  assert.equal(typeof pool.restrictions, 'object')
  assert.equal(typeof pool.cpu_info, 'object')
}

async function aBond(xapi) {
  const nics = ['eth1', 'eth2'].map(device => all(xapi, 'PIF').find(pif => pif.device === device && pif.physical))
  const network = await xapi.call('network.create', {
    name_label: 'bonded from node',
    name_description: '',
    MTU: 1500,
    other_config: { automatic: 'false' },
  })
  assert.equal((await xapi.barrier(network)).name_label, 'bonded from node')
  const members = nics.map(nic => nic.$ref)
  const bond = await xapi.callAsync('Bond.create', network, members, '', 'active-backup')
  const made = await xapi.barrier(bond)
  assert.deepEqual([...made.slaves].sort(), [...members].sort())
  assert.equal(made.$master.$network.$ref, network)
  for (const member of members) assert.equal(known(xapi, member).bond_slave_of, bond)

  // Fields as the records' own methods set them.
  await known(xapi, network).update_other_config('automatic', 'true')
  await known(xapi, network).update_other_config('automatic', null)
  await known(xapi, network).add_tags('a')
  await until(xapi, 'the tag', () => known(xapi, network).tags.length === 1)
  assert.equal(known(xapi, network).other_config.automatic, undefined)

  await assert.rejects(xapi.callAsync('network.destroy', network), { code: 'NETWORK_CONTAINS_PIF' })
  await xapi.callAsync('Bond.destroy', bond)
  await until(xapi, 'the end of the bond', () => known(xapi, bond) === undefined)
  await until(xapi, 'the end of its PIF', () => known(xapi, made.master) === undefined)
  await xapi.callAsync('network.destroy', network)
  await until(xapi, 'the end of the network', () => known(xapi, network) === undefined)
  // A task that was waited for is destroyed, and that too is heard of.
  await until(xapi, 'the end of the tasks', () => all(xapi, 'task').length === 0)
}

async function errors(xapi) {
  const nobody = 'OpaqueRef:00000000-0000-0000-0000-000000000000'
  await assert.rejects(xapi.call('PIF.get_record', nobody), { code: 'HANDLE_INVALID', params: ['PIF', nobody] })
  await assert.rejects(xapi.call('PIF.fly', nobody), { code: 'MESSAGE_METHOD_UNKNOWN', params: ['PIF.fly'] })
  await assert.rejects(xapi.callAsync('PIF.plug', nobody), { code: 'HANDLE_INVALID' })
  const wrong = client({ auth: { user: 'root', password: 'wrong' }, watchEvents: false })
  await assert.rejects(wrong.connect(), { code: 'SESSION_AUTHENTICATION_FAILED' })
}

// A session that the server no longer knows: the client logs in again and reads everything anew.
async function aLostSession(xapi) {
  const lost = xapi.sessionId
  const other = client({ watchEvents: false })
  await other.connect()
  await other._call('session.logout', [lost])
  assert.ok((await xapi.call('PIF.get_all')).length >= 6)
  assert.notEqual(xapi.sessionId, lost)
  await xapi.barrier()
  await other.disconnect()
}

const xapi = client()
await xapi.connect()
await watching(xapi)
await aBond(xapi)
await errors(xapi)
await aLostSession(xapi)
await xapi.disconnect()
assert.deepEqual(warnings, [])
// The client's own timers go on.
process.exit(0)
