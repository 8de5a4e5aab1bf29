// Frames as the npm package `centrifuge` 5.8.0 sends them, unmodified, in both forms: recorded from one run of its
// client.
#pragma once

#include <string_view>

namespace trivium::protocol {

struct StockFrame {
  std::string_view what;
  std::string_view json;
  std::string_view protobuf_hex;
};

// What its client sends, unmodified, in a session with every command.
inline constexpr StockFrame kStockFrames[] = {
    {"connect",
     R"({"connect":{"token":"h.p.s","data":{"platform":"web","app_version":"1.2","device_id":"d-1")"
     R"(},"name":"js","version":"9.1","headers":{"x-a":"b"}},"id":1})",
     "58080122540a05682e702e7312387b22706c6174666f726d223a22776562222c226170705f76657273696f6e223a22312e32222c226465766"
     "963655f6964223a22642d31227d22026a732a03392e3132080a03782d61120162"},
    {"subscribe with recovery",
     R"({"subscribe":{"channel":"room:r1","data":{"seat":1},"positioned":true,"recoverable":true,")"
     R"(join_leave":true,"flag":1,"recover":true,"offset":5,"epoch":"e9"},"id":2})",
     "2908022a250a07726f6f6d3a72311801320265393805420a7b2273656174223a317d4801500158017001"},
    {"publish", R"({"publish":{"channel":"room:r1","data":{"text":"你好"}},"id":3})",
     "2008033a1c0a07726f6f6d3a723112117b2274657874223a22e4bda0e5a5bd227d"},
    {"presence", R"({"presence":{"channel":"room:r1"},"id":4})", "0d080442090a07726f6f6d3a7231"},
    {"presence_stats", R"({"presence_stats":{"channel":"room:r1"},"id":5})", "0d08054a090a07726f6f6d3a7231"},
    {"history",
     R"({"history":{"channel":"room:r1","since":{"offset":2,"epoch":"e9"},"limit":10,"reverse":true},"id":6})",
     "19080652150a07726f6f6d3a7231380a42060802120265394801"},
    {"history without limit", R"({"history":{"channel":"room:r1","limit":-1},"id":7})",
     "18080752140a07726f6f6d3a723138ffffffffffffffffff01"},
    {"rpc", R"({"rpc":{"method":"quiz.answer","data":{"a":[1,2.5,null],"s":"x\ny"}},"id":8})",
     "3008086a2c0a1d7b2261223a5b312c322e352c6e756c6c5d2c2273223a22785c6e79227d120b7175697a2e616e73776572"},
    {"send", R"({"send":{"data":{"hi":true}}})", "0f620d0a0b7b226869223a747275657d"},
    {"answer to a ping", R"({})", "00"},
    {"refresh", R"({"refresh":{"token":"h2.p2.s2"},"id":9})", "0e0809720a0a0868322e70322e7332"},
    {"unsubscribe", R"({"unsubscribe":{"channel":"room:r1"},"id":10})", "0d080a32090a07726f6f6d3a7231"},
    {"two commands in one frame",
     R"({"rpc":{"method":"a","data":1},"id":11})"
     "\n"
     R"({"rpc":{"method":"b","data":"two"},"id":12})",
     "0a080b6a060a01311201610e080c6a0a0a052274776f22120162"},
    {"connect again",
     R"({"connect":{"token":"h2.p2.s2","data":{"platform":"web","app_version":"1.2","device_id":"d)"
     R"(-1"},"name":"js","version":"9.1","headers":{"x-a":"b"},"subs":{"user:u1":{"recover":true,")"
     R"(offset":7,"epoch":"e1"}}},"id":13})",
     "70080d226c0a0868322e70322e733212387b22706c6174666f726d223a22776562222c226170705f76657273696f6e223a22312e32222c226"
     "465766963655f6964223a22642d31227d1a130a07757365723a75311208180132026531380722026a732a03392e3132080a03782d6112016"
     "2"},
};

// Replies as that package's own encoder writes them (protobufjs and JSON.stringify, members in the order of field
// numbers).
inline constexpr StockFrame kStockReplies[] = {
    {"connect",
     R"({"id":1,"connect":{"client":"c1","version":"1.0","expires":true,"ttl":3600,"data":{"a":1},)"
     R"("subs":{"user:u1":{"recoverable":true,"epoch":"e1","publications":[{"data":{"m":1},"offset)"
     R"(":8}],"recovered":true,"offset":8,"positioned":true,"was_recovering":true}},"ping":25,"pon)"
     R"(g":true,"session":"s","node":"n1","time":1795334400123}})",
     "5508012a510a0263311203312e30180120901c2a077b2261223a317d32260a07757365723a7531121b1801320265313a0b22077b226d223a3"
     "17d30084001480850016001381940014a017352026e3158fbd09392a034"},
    {"error", R"({"id":2,"error":{"code":100,"message":"internal server error","temporary":true}})",
     "1f0802121b08641215696e7465726e616c20736572766572206572726f721801"},
    {"subscribe",
     R"({"id":3,"subscribe":{"recoverable":true,"epoch":"e","publications":[{"data":"x","info":{"u)"
     R"(ser":"u","client":"c","conn_info":{"p":"web"},"chan_info":[1]},"offset":4,"tags":{"k":"v"})"
     R"(,"time":1795334400123},{"data":[1,null],"offset":5}],"recovered":true,"offset":5,"position)"
     R"(ed":true,"data":{"d":true},"was_recovering":true}})",
     "5d0803325918013201653a3022032278222a180a01751201631a0b7b2270223a22776562227d22035b315d30043a060a016b12017648fbd09"
     "392a0343a0c22085b312c6e756c6c5d30054001480550015a0a7b2264223a747275657d6001"},
    {"unsubscribe", R"({"id":4,"unsubscribe":{}})", "0408043a00"},
    {"publish", R"({"id":5,"publish":{}})", "0408054200"},
    {"presence", R"({"id":6,"presence":{"presence":{"c1":{"user":"u1","client":"c1"}}}})",
     "1408064a100a0e0a02633112080a02753112026331"},
    {"presence_stats", R"({"id":7,"presence_stats":{"num_clients":4294967295,"num_users":2}})",
     "0c0807520808ffffffff0f1002"},
    {"history",
     R"({"id":8,"history":{"publications":[{"data":{"z":"你好 \"q\""},"offset":9007199254740991}],"e)"
     R"(poch":"e","offset":9007199254740991}})",
     "3108085a2d0a1f22147b227a223a22e4bda0e5a5bd205c22715c22227d30ffffffffffffff0f12016518ffffffffffffff0f"},
    {"ping", R"({"id":9,"ping":{}})", "0408096200"},
    {"rpc", R"({"id":4294967295,"rpc":{"data":{"ok":[1.5,-0.002]}}})",
     "1d08ffffffff0f6a150a137b226f6b223a5b312e352c2d302e3030325d7d"},
    {"rpc without payload", R"({"id":11,"rpc":{}})", "04080b6a00"},
    {"refresh", R"({"id":12,"refresh":{"client":"c1","version":"1.0","expires":true,"ttl":60}})",
     "11080c720d0a0263311203312e301801203c"},
    {"sub_refresh", R"({"id":13,"sub_refresh":{}})", "04080d7a00"},
    {"server ping", R"({})", "00"},
    {"push of a publication",
     R"({"push":{"channel":"room:r1","pub":{"data":{"text":"支付 😀\n"},"offset":12,"time":1795334400123}}})",
     "30222e1207726f6f6d3a7231222322187b2274657874223a22e694afe4bb9820f09f98805c6e227d300c48fbd09392a034"},
    {"push of a publication without a place", R"({"push":{"channel":"room:r1","pub":{"data":5}}})",
     "10220e1207726f6f6d3a72312203220135"},
    {"push of join", R"({"push":{"channel":"room:r1","join":{"info":{"user":"u","client":"c"}}}})",
     "1522131207726f6f6d3a72312a080a060a0175120163"},
    {"push of leave", R"({"push":{"channel":"room:r1","leave":{"info":{"user":"u","client":"c"}}}})",
     "1522131207726f6f6d3a723132080a060a0175120163"},
    {"push of unsubscribe",
     R"({"push":{"channel":"room:r1","unsubscribe":{"code":2500,"reason":"insufficient state"}}})",
     "2422221207726f6f6d3a72313a1710c4131a12696e73756666696369656e74207374617465"},
    {"push of message", R"({"push":{"message":{"data":null}}})", "0a220842060a046e756c6c"},
    {"push of subscribe",
     R"({"push":{"channel":"room:r1","subscribe":{"recoverable":true,"epoch":"e","offset":3,"posit)"
     R"(ioned":true,"data":{}}}})",
     "1a22181207726f6f6d3a72314a0d0801220165280330013a027b7d"},
    {"push of disconnect", R"({"push":{"disconnect":{"code":3001,"reason":"shutdown","reconnect":true}}})",
     "1322115a0f08b917120873687574646f776e1801"},
    {"push of refresh", R"({"push":{"refresh":{"expires":true,"ttl":9}}})", "082206620408011009"},
};

}  // namespace trivium::protocol
