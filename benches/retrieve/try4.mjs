import { readFileSync } from 'node:fs';
const dir='/tmp/peers-data/10k/';
const f32=(n)=>new Float32Array(new Uint8Array(readFileSync(dir+n)).buffer);
const rows=f32('rows.f32'),queries=f32('queries.f32'),exp=new Uint32Array(new Uint8Array(readFileSync(dir+'expected.u32')).buffer);
const D=64,N=rows.length/D,Q=50,W=65;
let max=0;const n2=[];for(let r=0;r<N;r++){let s=0;for(let d=0;d<D;d++)s+=rows[r*D+d]**2;n2.push(s);max=Math.max(max,s)}
const aug=new Float32Array(N*W);for(let r=0;r<N;r++){aug.set(rows.subarray(r*D,r*D+D),r*W);aug[r*W+D]=Math.sqrt(max-n2[r])}
const pad=q=>{const o=new Float32Array(W);o.set(q);return o};
const rec=(f)=>{let h=0;const t=performance.now();for(let q=0;q<Q;q++){const got=f(queries.slice(q*D,q*D+D));const s=new Set(exp.subarray(q*20,q*20+20));h+=got.filter(x=>s.has(x)).length}return [h/Q/20,(performance.now()-t)/Q]};
const us=await import('usearch');
 const conf=e=>({dimensions:D,metric:'l2sq',quantization:'f32',connectivity:16,expansion_add:128,expansion_search:e,multi:false});
 const ix=new us.Index(conf(20)); const keys=BigUint64Array.from({length:N},(_, i)=>BigInt(i)); ix.add(keys,rows,1); 
 ix.save('/tmp/peers-data/u.bin');
for (const c of [10,100,1000]) for (const e of [20,200,800]) { const j=new us.Index(conf(e)); j.load('/tmp/peers-data/u.bin'); console.log('far L2',c,e,rec(q=>Array.from(j.search(q.map(x=>x*c),20,1).keys,Number))); }
const bg=await import('voy-search/voy_search_bg.js');
const {instance}=await WebAssembly.instantiate(readFileSync('node_modules/voy-search/voy_search_bg.wasm'),{'./voy_search_bg.js':bg});
bg.__wbg_set_wasm(instance.exports);
let t=performance.now();
const v=new bg.Voy();
for(let r=0;r<N;r+=1000){v.add({embeddings:Array.from({length:1000},(_,i)=>({id:String(r+i),title:'',url:'',embeddings:Array.from(aug.subarray((r+i)*W,(r+i+1)*W))}))});}
console.log('voy',performance.now()-t,v.size(),instance.exports.memory.buffer.byteLength);
console.log(rec(q=>v.search(pad(q),20).neighbors.map(n=>+n.id)));
