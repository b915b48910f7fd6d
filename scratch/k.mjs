import { AsyncEntry } from '@napi-rs/keyring';
let t=Date.now();
try { const e=new AsyncEntry('vault-shell','x',{linux:{store:'secret-service'}}); console.log('ctor',Date.now()-t); console.log(await e.getPassword()); } catch(e){ console.log(Date.now()-t, e.message); }
